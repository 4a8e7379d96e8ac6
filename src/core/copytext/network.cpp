#include "core/copytext/network.h"

#include <array>
#include <charconv>

namespace lifeboat {
namespace {

// What the server calls the families: AF_INET and the one after it (utils/inet.h).
constexpr uint8_t kFamily4 = 2;
constexpr uint8_t kFamily6 = 3;
constexpr size_t kHeader = 2; // family, bits
constexpr size_t kSize4 = 4;
constexpr size_t kSize6 = 16;
constexpr size_t kMaxText = 64; // 8 × "ffff:" and "255.255.255.255/128" are fewer

using Words = std::array<uint16_t, 8>;

char* WriteNumber(char* out, unsigned value, int base = 10) {
    return std::to_chars(out, out + 8, value, base).ptr;
}

char* WriteAddress4(const uint8_t* address, char* out) {
    for (size_t i = 0; i < kSize4; ++i) {
        if (i > 0) *out++ = '.';
        out = WriteNumber(out, address[i]);
    }
    return out;
}

struct Run {
    size_t begin = 0;
    size_t length = 0;
    [[nodiscard]] size_t end() const noexcept { return begin + length; }
};

// The first of the longest runs of zero words; a single one is none.
Run LongestZeros(const Words& words) {
    Run best;
    Run current;
    for (size_t i = 0; i < words.size(); ++i) {
        if (words[i] != 0) {
            current = {};
            continue;
        }
        if (current.length == 0) current.begin = i;
        if (++current.length > best.length) best = current;
    }
    return best.length > 1 ? best : Run{};
}

// ::1.2.3.4 and ::ffff:1.2.3.4
bool EndsAsAddress4(const Words& words, Run zeros) {
    if (zeros.begin != 0) return false;
    return zeros.length == 6 || (zeros.length == 5 && words[5] == 0xFFFF);
}

char* WriteAddress6(const uint8_t* address, char* out) {
    Words words;
    for (size_t i = 0; i < words.size(); ++i)
        words[i] = static_cast<uint16_t>(address[2 * i] << 8 | address[2 * i + 1]);
    const Run zeros = LongestZeros(words);
    const bool is_mixed = EndsAsAddress4(words, zeros);
    for (size_t i = 0; i < words.size();) {
        if (zeros.length > 0 && i == zeros.begin) {
            *out++ = ':';
            i = zeros.end();
            if (i == words.size()) *out++ = ':';
            continue;
        }
        if (i > 0) *out++ = ':';
        if (is_mixed && i == 6) return WriteAddress4(address + kSize6 - kSize4, out);
        out = WriteNumber(out, words[i++], 16);
    }
    return out;
}

bool FormatAddress(const char* value, size_t size, bool is_network, TextOut& out) {
    if (size < kHeader) return false;
    const auto* bytes = reinterpret_cast<const uint8_t*>(value);
    const size_t address_size = bytes[0] == kFamily4 ? kSize4 : kSize6;
    const unsigned bits = bytes[1];
    if (bytes[0] != kFamily4 && bytes[0] != kFamily6) return false;
    if (size != kHeader + address_size || bits > address_size * 8) return false;
    char* at = out.Reserve(kMaxText);
    at = bytes[0] == kFamily4 ? WriteAddress4(bytes + kHeader, at)
                              : WriteAddress6(bytes + kHeader, at);
    if (is_network || bits != address_size * 8) {
        *at++ = '/';
        at = WriteNumber(at, bits);
    }
    out.Advance(at);
    return true;
}

} // namespace

bool FormatInet(const TypeFormat& /*type*/, const char* value, size_t size, TextOut& out) {
    return FormatAddress(value, size, false, out);
}

bool FormatCidr(const TypeFormat& /*type*/, const char* value, size_t size, TextOut& out) {
    return FormatAddress(value, size, true, out);
}

} // namespace lifeboat
