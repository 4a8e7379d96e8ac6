// Bytes: spans, hexadecimal, little-endian numbers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lifeboat {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;
using Buffer = std::vector<std::byte>;

inline Bytes AsBytes(std::string_view text) noexcept {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view AsText(Bytes bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Lower-case hexadecimal.
std::string ToHex(Bytes bytes);
// Lower- or upper-case; nullopt when the length is odd or a character is none.
std::optional<Buffer> FromHex(std::string_view hex);
// Fixed-size hexadecimal, lower-case only; false when `text` is something else.
bool DecodeHex(std::string_view text, MutableBytes into) noexcept;

void AppendLe32(Buffer& out, uint32_t value);
void AppendLe64(Buffer& out, uint64_t value);
// The caller guarantees that enough bytes are there.
uint32_t ReadLe32(Bytes bytes) noexcept;
uint64_t ReadLe64(Bytes bytes) noexcept;

// For printing names that come from a store: control characters as \xNN, at most `limit` bytes.
std::string Printable(std::string_view text, size_t limit = 200);

// Without blanks, tabs and ends of lines at either end.
std::string_view Trimmed(std::string_view text) noexcept;

// "1.5 GB": powers of 1000, three significant digits, as people read sizes.
std::string HumanBytes(uint64_t bytes);

} // namespace lifeboat
