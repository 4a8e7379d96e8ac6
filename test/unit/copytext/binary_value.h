// Values as they lie in tuples, made by hand for the tests of the formatters.
#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/copytext/contained.h"
#include "core/copytext/numbers.h"
#include "core/copytext/numeric.h"
#include "core/copytext/text.h"

namespace lifeboat::test {

template <typename T>
std::string Raw(T value) {
    std::string bytes(sizeof(value), '\0');
    std::memcpy(bytes.data(), &value, sizeof(value));
    return bytes;
}

inline std::string Word(uint32_t value) { return Raw(value); }

// With a header of four bytes, or of one; little-endian as this machine.
inline std::string Long(std::string_view content) {
    return Word(static_cast<uint32_t>(content.size() + 4) << 2U) + std::string(content);
}
inline std::string Short(std::string_view content) {
    return static_cast<char>((content.size() + 1) << 1U | 1U) + std::string(content);
}

// The content of a small numeric: a number below 10,000 without fraction, or with `scale` digits
// of it in `fraction`, which are the four after the point.
inline std::string Numeric(int16_t whole, int scale = 0, int16_t fraction = 0,
                           bool negative = false) {
    const auto header = static_cast<uint16_t>(0x8000U | (negative ? 0x2000U : 0U) |
                                              static_cast<unsigned>(scale) << 7U);
    return Raw(header) + Raw(whole) + (scale > 0 ? Raw(fraction) : "");
}

inline void PadTo(std::string& bytes, size_t alignment) {
    while (bytes.size() % alignment != 0) bytes += '\0';
}

inline constexpr TypeFormat kBool{FormatBool, 1, 'c', ',', true, nullptr};
inline constexpr TypeFormat kInt2{FormatInt2, 2, 's', ',', true, nullptr};
inline constexpr TypeFormat kInt4{FormatInt4, 4, 'i', ',', true, nullptr};
inline constexpr TypeFormat kInt8{FormatInt8, 8, 'd', ',', true, nullptr};
inline constexpr TypeFormat kNumeric{FormatNumeric, -1, 'i', ',', true, nullptr};
inline constexpr TypeFormat kText{FormatText, -1, 'i', ',', false, nullptr};

// nullopt when the value is left to the output function. It lies at an odd address, and at the very
// end of its memory: a sanitizer sees a byte read too much.
inline std::optional<std::string> Format(const TypeFormat& type, std::string_view value) {
    std::vector<char> memory(value.size() + 1);
    if (!value.empty()) std::memcpy(memory.data() + 1, value.data(), value.size());
    TextCollector out;
    out.PutPlain("|");
    if (!type.format(type, memory.data() + 1, value.size(), out)) {
        if (out.text() != "|") return "declined, but had written " + std::string(out.text());
        return std::nullopt;
    }
    return std::string(out.text().substr(1));
}

} // namespace lifeboat::test
