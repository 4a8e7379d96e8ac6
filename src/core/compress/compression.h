// How an object's text is kept: what a schedule asks for, what a manifest says, and what a reader
// of an object must know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lifeboat {

// The kind of frames in an object.
enum class Codec { kZstd, kLz4 };
std::string_view CodecName(Codec codec) noexcept; // "zstd", "lz4"
std::optional<Codec> ParseCodec(std::string_view name) noexcept;
uint32_t FrameMagic(Codec codec) noexcept;

// Window of a zstd frame, in bits: what a decoder needs memory for.
inline constexpr int kWindowLog = 23;     // 8 MiB
inline constexpr int kLongWindowLog = 27; // 128 MiB: `zstd -d` goes no further without being asked

// A frame is cut at the first block boundary after so much text.
inline constexpr uint64_t kFrameBytes = 1U << 20;

struct Compression {
    enum class Method { kNone, kLz4, kZstd };
    Method method = Method::kZstd;
    int level = 1;              // of zstd: -7 … 19, not 0
    bool long_distance = false; // of zstd: finds repetitions up to 128 MiB apart

    // "none", "lz4", "zstd", "zstd:N", "zstd:N,long". Throws Error(InvalidValue), which says so.
    static Compression Parse(std::string_view text);
    // In the form that Print() gives and no other; nullopt otherwise.
    static std::optional<Compression> ParsePrinted(std::string_view text) noexcept;
    [[nodiscard]] std::string Print() const; // "zstd:1"

    [[nodiscard]] Codec codec() const noexcept;
    [[nodiscard]] int window_log() const noexcept;
    // Repetitions are found within a frame only: those that lie far apart want long frames.
    [[nodiscard]] uint64_t frame_bytes() const noexcept;
    bool operator==(const Compression&) const = default;
};

} // namespace lifeboat
