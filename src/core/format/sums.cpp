#include <algorithm>

#include "core/format/damaged.h"
#include "core/format/manifest.h"

namespace lifeboat {
namespace {

constexpr size_t kHexDigest = 64;
constexpr std::string_view kGap = "  ";

SumLine ParseLine(std::string_view line, std::string_view what, size_t number) {
    SumLine sum;
    const size_t name_at = kHexDigest + kGap.size();
    if (line.size() <= name_at || line.substr(kHexDigest, kGap.size()) != kGap ||
        !DecodeHex(line.substr(0, kHexDigest), sum.sha256) || !IsStoreName(line.substr(name_at)))
        ThrowDamaged(
            what, "Line " + std::to_string(number) + " is not a SHA-256, two spaces and a name.");
    sum.name = line.substr(name_at);
    return sum;
}

} // namespace

std::string FormatSums(std::vector<SumLine> lines) {
    std::sort(lines.begin(), lines.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    std::string text;
    for (const SumLine& line : lines)
        text.append(ToHex(line.sha256)).append(kGap).append(line.name).append("\n");
    return text;
}

std::vector<SumLine> ParseSums(std::string_view text, std::string_view what) {
    if (text.size() > kMaxManifestBytes) ThrowDamaged(what, "It is larger than it can be.");
    std::vector<SumLine> lines;
    while (!text.empty()) {
        const size_t end = text.find('\n');
        if (end == std::string_view::npos) ThrowDamaged(what, "Its last line has no end.");
        lines.push_back(ParseLine(text.substr(0, end), what, lines.size() + 1));
        if (const size_t n = lines.size(); n > 1 && lines[n - 2].name >= lines[n - 1].name)
            ThrowDamaged(
                what, "Line " + std::to_string(n) + " is not in order: " + lines[n - 1].name + ".");
        text.remove_prefix(end + 1);
    }
    return lines;
}

} // namespace lifeboat
