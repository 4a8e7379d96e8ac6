// Decimal digits, several at a time: what the formatters of numbers and dates share.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace lifeboat {

// The room that WriteUint32() and the like need: they store whole words and return where the digits
// end.
inline constexpr size_t kIntegerRoom = 32;

// A value of a tuple, aligned or not.
template <typename T>
T Load(const char* at) noexcept {
    T value;
    std::memcpy(&value, at, sizeof(value));
    return value;
}

// `word` holds characters, the first one in its lowest byte.
template <typename Word>
void StoreCharacters(char* out, Word word) noexcept {
    if constexpr (std::endian::native == std::endian::big) {
        for (size_t at = 0; at < sizeof(Word); ++at) out[at] = static_cast<char>(word >> (8 * at));
    } else {
        std::memcpy(out, &word, sizeof(word));
    }
}

inline constexpr auto kDigitPairs = [] {
    std::array<char, 200> pairs{};
    for (size_t value = 0; value < 100; ++value) {
        pairs[2 * value] = static_cast<char>('0' + value / 10);
        pairs[2 * value + 1] = static_cast<char>('0' + value % 10);
    }
    return pairs;
}();

// value < 100
inline char* WriteTwoDigits(uint32_t value, char* out) noexcept {
    std::memcpy(out, &kDigitPairs[2 * size_t{value}], 2);
    return out + 2;
}

// The four digits of value < 10'000 as numbers 0 to 9, the first one in the lowest byte.
constexpr uint32_t SplitFourDigits(uint32_t value) noexcept {
    const uint32_t hundreds = (value * 5243) >> 19;
    const uint32_t pairs = hundreds | (value - 100 * hundreds) << 16;
    const uint32_t tens = ((pairs * 103) >> 10) & 0x000F000F;
    return tens | (pairs - 10 * tens) << 8;
}

// The eight digits of first * 10'000 + second, likewise; both < 10'000.
constexpr uint64_t SplitEightDigits(uint32_t first, uint32_t second) noexcept {
    const uint64_t halves = first | uint64_t{second} << 32;
    const uint64_t hundreds = ((halves * 5243) >> 19) & 0x0000007F0000007F;
    const uint64_t pairs = hundreds | (halves - 100 * hundreds) << 16;
    const uint64_t tens = ((pairs * 103) >> 10) & 0x000F000F000F000F;
    return tens | (pairs - 10 * tens) << 8;
}

// Sixteen digits as two words of eight.
struct SixteenDigits {
    uint64_t first;
    uint64_t last;
};

// Those of first * 10^8 + last, likewise; both < 10^8.
inline SixteenDigits SplitSixteenDigits(uint32_t first, uint32_t last) noexcept {
#ifdef __SSE2__
    // Both halves at once, in ever smaller lanes: 2 of eight digits, 4 of four, 8 of two, 16 of
    // one.
    const __m128i eights = _mm_set_epi64x(last, first);
    const __m128i high = _mm_srli_epi64(_mm_mul_epu32(eights, _mm_set1_epi32(-776'530'087)), 45);
    const __m128i low = _mm_sub_epi64(eights, _mm_mul_epu32(high, _mm_set1_epi32(10'000)));
    const __m128i fours = _mm_or_si128(high, _mm_slli_epi64(low, 32));
    const __m128i hundreds = _mm_srli_epi16(_mm_mulhi_epu16(fours, _mm_set1_epi32(5243)), 3);
    const __m128i rest = _mm_sub_epi16(fours, _mm_mullo_epi16(hundreds, _mm_set1_epi32(100)));
    const __m128i twos = _mm_or_si128(hundreds, _mm_slli_epi32(rest, 16));
    const __m128i tens = _mm_mulhi_epu16(twos, _mm_set1_epi16(6554));
    const __m128i ones = _mm_sub_epi16(twos, _mm_mullo_epi16(tens, _mm_set1_epi16(10)));
    const __m128i digits = _mm_or_si128(tens, _mm_slli_epi16(ones, 8));
    return {static_cast<uint64_t>(_mm_cvtsi128_si64(digits)),
            static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(digits, digits)))};
#else
    return {SplitEightDigits(first / 10'000, first % 10'000),
            SplitEightDigits(last / 10'000, last % 10'000)};
#endif
}

inline constexpr uint32_t kFourZeros = 0x30303030;
inline constexpr uint64_t kEightZeros = 0x3030303030303030;

inline char* WriteFourDigits(uint32_t value, char* out) noexcept {
    StoreCharacters(out, SplitFourDigits(value) | kFourZeros);
    return out + 4;
}

// Without leading zeros; value < 10'000.
inline char* WriteUpToFourDigits(uint32_t value, char* out) noexcept {
    const uint32_t digits = SplitFourDigits(value);
    const int zeros = std::countr_zero(digits | uint32_t{1} << 24) / 8;
    StoreCharacters(out, (digits | kFourZeros) >> (8 * zeros));
    return out + 4 - zeros;
}

inline char* WriteEightDigits(uint32_t value, char* out) noexcept {
    StoreCharacters(out, SplitEightDigits(value / 10'000, value % 10'000) | kEightZeros);
    return out + 8;
}

// Without leading zeros; value < 100'000'000.
inline char* WriteUpToEightDigits(uint32_t value, char* out) noexcept {
    const uint64_t digits = SplitEightDigits(value / 10'000, value % 10'000);
    // The last digit stays, be it zero.
    const int zeros = std::countr_zero(digits | uint64_t{1} << 56) / 8;
    StoreCharacters(out, (digits | kEightZeros) >> (8 * zeros));
    return out + 8 - zeros;
}

// A point and the digits after it without the zeros at the end; nothing for 0.
inline char* WriteMillionths(uint32_t value, char* out) noexcept {
    if (value == 0) return out;
    *out = '.';
    WriteTwoDigits(value / 10'000, out + 1);
    WriteTwoDigits(value / 100 % 100, out + 3);
    char* end = WriteTwoDigits(value % 100, out + 5);
    while (end[-1] == '0') --end;
    return end;
}

// `out` has room for kIntegerRoom bytes; returns the end of what was written.
inline char* WriteUint32(uint32_t value, char* out) noexcept {
    constexpr uint32_t kEightDigits = 100'000'000;
    if (value < 10'000) return WriteUpToFourDigits(value, out); // most columns' numbers are small
    if (value < kEightDigits) return WriteUpToEightDigits(value, out);
    const uint32_t high = value / kEightDigits; // up to 42
    const uint32_t one_digit = high < 10 ? 1 : 0;
    std::memcpy(out, &kDigitPairs[2 * size_t{high} + one_digit], 2);
    return WriteEightDigits(value % kEightDigits, out + 2 - one_digit);
}

inline char* WriteUint64(uint64_t value, char* out) noexcept {
    constexpr uint64_t kEightDigits = 100'000'000;
    if (value < kEightDigits) return WriteUpToEightDigits(static_cast<uint32_t>(value), out);
    const uint64_t high = value / kEightDigits;
    const auto low = static_cast<uint32_t>(value % kEightDigits);
    if (high < kEightDigits) {
        out = WriteUpToEightDigits(static_cast<uint32_t>(high), out);
    } else {
        out = WriteUpToEightDigits(static_cast<uint32_t>(high / kEightDigits), out);
        out = WriteEightDigits(static_cast<uint32_t>(high % kEightDigits), out);
    }
    return WriteEightDigits(low, out);
}

inline char* WriteInt32(int32_t value, char* out) noexcept {
    *out = '-';
    const auto sign = static_cast<uint32_t>(value < 0);
    return WriteUint32((static_cast<uint32_t>(value) ^ (0 - sign)) + sign, out + sign);
}

inline char* WriteInt64(int64_t value, char* out) noexcept {
    *out = '-';
    const auto sign = static_cast<uint64_t>(value < 0);
    return WriteUint64((static_cast<uint64_t>(value) ^ (0 - sign)) + sign, out + sign);
}

} // namespace lifeboat
