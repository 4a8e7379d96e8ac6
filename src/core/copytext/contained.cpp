#include "core/copytext/contained.h"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <vector>

#include "core/copytext/digits.h"

namespace lifeboat {
namespace {

// What the first byte of a varlena says (postgres.h, "varattrib"): the bits are at the end of the
// word that lies first in memory.
enum class Header { kShort, kLong, kToasted };

constexpr bool kLittle = std::endian::native == std::endian::little;

Header HeaderOf(uint8_t first) noexcept {
    const bool is_short = kLittle ? (first & 0x01) != 0 : (first & 0x80) != 0;
    if (is_short) return first == (kLittle ? 0x01 : 0x80) ? Header::kToasted : Header::kShort;
    const bool is_compressed = kLittle ? (first & 0x02) != 0 : (first & 0x40) != 0;
    return is_compressed ? Header::kToasted : Header::kLong;
}

constexpr std::array<bool, 256> Table(std::string_view members) {
    std::array<bool, 256> table{};
    for (const char c : members) table[static_cast<uint8_t>(c)] = true;
    return table;
}

// Control characters come as a backslash and a letter; they are looked at there.
constexpr auto kQuotedInArray = Table("\"\\{} ");
constexpr auto kQuotedInRange = Table("\"\\()[], ");

// A backslash is quoted, white space too, but not the one control character that is neither.
bool EscapeWantsQuotes(char letter) noexcept { return letter != 'b'; }

bool WantsQuotes(std::string_view escaped, const std::array<bool, 256>& quoted, char delimiter) {
    if (escaped.empty()) return true;
    for (size_t at = 0; at < escaped.size(); ++at) {
        const char c = escaped[at];
        if (!quoted[static_cast<uint8_t>(c)] && c != delimiter) continue;
        if (c != '\\' || at + 1 == escaped.size()) return true;
        if (EscapeWantsQuotes(escaped[++at])) return true;
    }
    return false;
}

bool IsNullWord(std::string_view text) noexcept {
    constexpr std::string_view kNull = "null";
    if (text.size() != kNull.size()) return false;
    for (size_t i = 0; i < kNull.size(); ++i)
        if ((text[i] | 0x20) != kNull[i]) return false;
    return true;
}

// Backslashes are doubled in both, a quote becomes what `quote` says.
void PutQuoted(std::string_view escaped, std::string_view quote, TextOut& out) {
    out.Put('"');
    size_t done = 0;
    for (size_t at = 0; at < escaped.size(); ++at) {
        const char c = escaped[at];
        if (c == '"') {
            out.PutPlain(escaped.substr(done, at - done));
            out.PutPlain(quote);
            done = at + 1;
        } else if (c == '\\') {
            ++at;
            if (at < escaped.size() && escaped[at] != '\\') continue;
            out.PutPlain(escaped.substr(done, at + 1 - done));
            out.PutPlain("\\\\");
            done = at + 1;
        }
    }
    if (done < escaped.size()) out.PutPlain(escaped.substr(done));
    out.Put('"');
}

// Those not borrowed stay, so that a small value costs no allocation.
struct Collectors {
    std::vector<std::unique_ptr<TextCollector>> all;
    size_t borrowed = 0;
};
thread_local Collectors collectors;

constexpr size_t kLargestKept = 1024 * 1024;

} // namespace

std::optional<Contained> ReadVarlena(std::string_view bytes) noexcept {
    if (bytes.empty()) return std::nullopt;
    const auto first = static_cast<uint8_t>(bytes.front());
    const Header header = HeaderOf(first);
    if (header == Header::kToasted) return std::nullopt;
    size_t head = 1;
    size_t size = kLittle ? first >> 1U : first & 0x7FU;
    if (header == Header::kLong) {
        head = kVarlenaHeader;
        if (bytes.size() < head) return std::nullopt;
        const uint32_t word = Load<uint32_t>(bytes.data());
        size = kLittle ? word >> 2U : word & 0x3FFFFFFFU;
    }
    if (size < head || size > bytes.size()) return std::nullopt;
    return Contained{bytes.substr(head, size - head), size};
}

std::optional<Contained> ReadContained(const TypeFormat& type, std::string_view content,
                                       size_t at) noexcept {
    if (at < kVarlenaHeader || at - kVarlenaHeader > content.size()) return std::nullopt;
    const std::string_view rest = content.substr(at - kVarlenaHeader);
    if (type.length == -1) {
        auto value = ReadVarlena(rest);
        if (value) value->end += at;
        return value;
    }
    if (type.length <= 0 || rest.size() < static_cast<size_t>(type.length)) return std::nullopt;
    const auto length = static_cast<size_t>(type.length);
    return Contained{rest.substr(0, length), at + length};
}

void PutArrayElement(std::string_view escaped, char delimiter, TextOut& out) {
    if (WantsQuotes(escaped, kQuotedInArray, delimiter) || IsNullWord(escaped)) {
        PutQuoted(escaped, R"(\\")", out);
    } else {
        out.PutPlain(escaped);
    }
}

void PutRangeBound(std::string_view escaped, TextOut& out) {
    if (WantsQuotes(escaped, kQuotedInRange, ',')) {
        PutQuoted(escaped, R"("")", out);
    } else {
        out.PutPlain(escaped);
    }
}

Scratch::Scratch() {
    Collectors& mine = collectors;
    if (mine.borrowed == mine.all.size()) mine.all.emplace_back();
    auto& collector = mine.all[mine.borrowed];
    if (collector == nullptr) collector = std::make_unique<TextCollector>();
    collector->Clear();
    collector_ = collector.get();
    ++mine.borrowed;
}

Scratch::~Scratch() {
    Fresh();
    auto& collector = collectors.all[--collectors.borrowed];
    if (largest_ > kLargestKept) collector.reset();
}

TextOut& Scratch::Fresh() noexcept {
    largest_ = std::max(largest_, collector_->text().size());
    collector_->Clear();
    return *collector_;
}

} // namespace lifeboat
