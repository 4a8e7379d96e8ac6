#include "core/base/bytes.h"

#include <bit>
#include <cstdio>
#include <cstring>

namespace lifeboat {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

int HexValue(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

template <typename T>
void AppendLe(Buffer& out, T value) {
    for (size_t i = 0; i < sizeof(T); ++i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
}

template <typename T>
T ReadLe(Bytes bytes) noexcept {
    T value = 0;
    for (size_t i = 0; i < sizeof(T); ++i) value |= std::to_integer<T>(bytes[i]) << (8 * i);
    return value;
}

// The length of the well-formed UTF-8 character that `text` begins with, 0 if there is none.
// Overlong forms and surrogates count as none, and so do C1 controls (U+0080 … U+009F): terminals
// obey them.
size_t PrintableUtf8(std::string_view text) noexcept {
    const auto lead = static_cast<unsigned char>(text[0]);
    const size_t length = static_cast<size_t>(std::countl_one(lead));
    if (length < 2 || length > 4 || text.size() < length) return 0;
    uint32_t code = lead & (0x7FU >> length);
    for (size_t i = 1; i < length; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0U) != 0x80U) return 0;
        code = (code << 6U) | (next & 0x3FU);
    }
    constexpr uint32_t kSmallest[] = {0, 0, 0xA0, 0x800, 0x10000};
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code < kSmallest[length] || code > 0x10FFFF || surrogate ? 0 : length;
}

} // namespace

std::string ToHex(Bytes bytes) {
    std::string hex;
    hex.reserve(bytes.size() * 2);
    for (const std::byte byte : bytes) {
        hex += kHexDigits[std::to_integer<unsigned>(byte >> 4)];
        hex += kHexDigits[std::to_integer<unsigned>(byte & std::byte{15})];
    }
    return hex;
}

std::optional<Buffer> FromHex(std::string_view hex) {
    if (hex.size() % 2 != 0) return std::nullopt;
    Buffer bytes;
    bytes.reserve(hex.size() / 2);
    for (size_t i = 0; i < hex.size(); i += 2) {
        const int high = HexValue(hex[i]);
        const int low = HexValue(hex[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes.push_back(static_cast<std::byte>(high * 16 + low));
    }
    return bytes;
}

bool DecodeHex(std::string_view text, MutableBytes into) noexcept {
    const auto nibble = [](char c) -> int {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        return -1;
    };
    if (text.size() != into.size() * 2) return false;
    for (size_t i = 0; i < into.size(); ++i) {
        const int high = nibble(text[2 * i]);
        const int low = nibble(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        into[i] = static_cast<std::byte>(high * 16 + low);
    }
    return true;
}

void AppendLe32(Buffer& out, uint32_t value) { AppendLe(out, value); }
void AppendLe64(Buffer& out, uint64_t value) { AppendLe(out, value); }
uint32_t ReadLe32(Bytes bytes) noexcept { return ReadLe<uint32_t>(bytes); }
uint64_t ReadLe64(Bytes bytes) noexcept { return ReadLe<uint64_t>(bytes); }

std::string Printable(std::string_view text, size_t limit) {
    std::string shown;
    for (size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        std::string piece;
        size_t taken = 1;
        if (byte >= 0x20 && byte < 0x7F) {
            piece = text[i];
        } else if (const size_t length = byte < 0x80 ? 0 : PrintableUtf8(text.substr(i));
                   length > 0) {
            piece = text.substr(i, length);
            taken = length;
        } else {
            piece = {'\\', 'x', kHexDigits[byte >> 4U], kHexDigits[byte & 15U]};
        }
        if (shown.size() + piece.size() > limit) return shown + "...";
        shown += piece;
        i += taken;
    }
    return shown;
}

std::string_view Trimmed(std::string_view text) noexcept {
    constexpr std::string_view kSpace = " \t\r\n";
    const size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string HumanBytes(uint64_t bytes) {
    constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    if (bytes < 1000) return std::to_string(bytes) + " B";
    size_t unit = 0;
    auto value = static_cast<double>(bytes);
    // 999.5 would be printed as 1000 of the smaller unit.
    while (value >= 999.5) {
        value /= 1000;
        ++unit;
    }
    const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.*f", decimals, value);
    std::string text = digits;
    if (decimals > 0) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') text.pop_back();
    }
    return text + " " + kUnits[unit];
}

} // namespace lifeboat
