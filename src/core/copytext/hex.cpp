#include "core/copytext/hex.h"

#include <array>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace lifeboat {
namespace {

constexpr auto kHexPairs = [] {
    constexpr char kDigits[] = "0123456789abcdef";
    std::array<char, 512> pairs{};
    for (size_t byte = 0; byte < 256; ++byte) {
        pairs[2 * byte] = kDigits[byte / 16];
        pairs[2 * byte + 1] = kDigits[byte % 16];
    }
    return pairs;
}();

char* WriteByByte(const char* bytes, size_t size, char* out) noexcept {
    for (size_t at = 0; at < size; ++at, out += 2)
        std::memcpy(out, &kHexPairs[2 * size_t{static_cast<unsigned char>(bytes[at])}], 2);
    return out;
}

} // namespace

#ifdef __SSE2__

namespace {

// Sixteen numbers 0 to 15.
__m128i HexDigits(__m128i numbers) noexcept {
    const __m128i letters = _mm_cmpgt_epi8(numbers, _mm_set1_epi8(9));
    const __m128i to_letter = _mm_and_si128(letters, _mm_set1_epi8('a' - '0' - 10));
    return _mm_add_epi8(_mm_add_epi8(numbers, _mm_set1_epi8('0')), to_letter);
}

} // namespace

char* WriteHex(const char* bytes, size_t size, char* out) noexcept {
    const __m128i low_half = _mm_set1_epi8(0x0F);
    while (size >= sizeof(__m128i)) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
        const __m128i high = HexDigits(_mm_and_si128(_mm_srli_epi16(block, 4), low_half));
        const __m128i low = HexDigits(_mm_and_si128(block, low_half));
        auto* const to = reinterpret_cast<__m128i*>(out);
        _mm_storeu_si128(to, _mm_unpacklo_epi8(high, low));
        _mm_storeu_si128(to + 1, _mm_unpackhi_epi8(high, low));
        bytes += sizeof(__m128i);
        size -= sizeof(__m128i);
        out += 2 * sizeof(__m128i);
    }
    return WriteByByte(bytes, size, out);
}

#else

char* WriteHex(const char* bytes, size_t size, char* out) noexcept {
    return WriteByByte(bytes, size, out);
}

#endif

} // namespace lifeboat
