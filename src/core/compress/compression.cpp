#include "core/compress/compression.h"

#include <array>
#include <charconv>

#include "core/base/bytes.h"
#include "core/base/error.h"

namespace lifeboat {
namespace {

constexpr std::array<std::string_view, 2> kCodecNames = {"zstd", "lz4"};
constexpr std::string_view kZstd = "zstd";
constexpr std::string_view kLong = ",long";
constexpr int kMinLevel = -7;
constexpr int kMaxLevel = 19; // above, windows grow past kWindowLog

// zstd itself takes 0 for its default; here a level is always the one that is written.
std::optional<int> ParseLevel(std::string_view text) noexcept {
    int level = 0;
    const char* end = text.data() + text.size();
    const auto [stop, fault] = std::from_chars(text.data(), end, level);
    if (fault != std::errc{} || stop != end) return std::nullopt;
    if (level == 0 || level < kMinLevel || level > kMaxLevel) return std::nullopt;
    return level;
}

std::optional<Compression> TryParse(std::string_view text) noexcept {
    if (text == "none") return Compression{Compression::Method::kNone};
    if (text == "lz4") return Compression{Compression::Method::kLz4};
    if (!text.starts_with(kZstd)) return std::nullopt;
    Compression compression;
    text.remove_prefix(kZstd.size());
    if (text.ends_with(kLong)) {
        compression.long_distance = true;
        text.remove_suffix(kLong.size());
    }
    if (text.empty()) return compression;
    if (text[0] != ':') return std::nullopt;
    const std::optional<int> level = ParseLevel(text.substr(1));
    if (!level) return std::nullopt;
    compression.level = *level;
    return compression;
}

} // namespace

std::string_view CodecName(Codec codec) noexcept { return kCodecNames[static_cast<size_t>(codec)]; }

std::optional<Codec> ParseCodec(std::string_view name) noexcept {
    for (size_t i = 0; i < kCodecNames.size(); ++i)
        if (kCodecNames[i] == name) return static_cast<Codec>(i);
    return std::nullopt;
}

uint32_t FrameMagic(Codec codec) noexcept { return codec == Codec::kLz4 ? 0x184D2204 : 0xFD2FB528; }

Compression Compression::Parse(std::string_view text) {
    if (const auto compression = TryParse(text)) return *compression;
    throw Error(Errc::InvalidValue, "compression \"" + Printable(text) + "\" is not known",
                "Levels of zstd go from -7 (fastest) to 19 (smallest); there is no 0.",
                "Write none, lz4 or zstd:1; zstd:1,long also finds repetitions that are far apart, "
                "and takes more memory.");
}

std::optional<Compression> Compression::ParsePrinted(std::string_view text) noexcept {
    const auto compression = TryParse(text);
    return compression && compression->Print() == text ? compression : std::nullopt;
}

std::string Compression::Print() const {
    if (method == Method::kNone) return "none";
    if (method == Method::kLz4) return "lz4";
    return "zstd:" + std::to_string(level) + (long_distance ? ",long" : "");
}

Codec Compression::codec() const noexcept {
    return method == Method::kLz4 ? Codec::kLz4 : Codec::kZstd;
}

int Compression::window_log() const noexcept { return long_distance ? kLongWindowLog : kWindowLog; }

uint64_t Compression::frame_bytes() const noexcept {
    return long_distance ? uint64_t{1} << kLongWindowLog : kFrameBytes;
}

} // namespace lifeboat
