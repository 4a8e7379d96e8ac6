#include "core/copytext/json_string.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace lifeboat {
namespace {

constexpr char kFirstPrintable = ' ';

constexpr bool IsSpecial(char c) noexcept {
    return static_cast<uint8_t>(c) < kFirstPrintable || c == '"' || c == '\\';
}

// JSON's backslash is doubled by COPY TEXT; \u0001 is the longest.
constexpr size_t kLongestEscape = 7;

char* WriteEscape(char c, char* out) noexcept {
    constexpr std::string_view kDigits = "0123456789abcdef";
    // By code; a blank has no letter of its own in JSON, \v among them.
    constexpr std::string_view kLetters = "        btn fr";
    *out++ = '\\';
    *out++ = '\\';
    const auto code = static_cast<uint8_t>(c);
    if (c == '"') {
        *out++ = '"';
    } else if (c == '\\') {
        *out++ = '\\';
        *out++ = '\\';
    } else if (code < kLetters.size() && kLetters[code] != ' ') {
        *out++ = kLetters[code];
    } else {
        *out++ = 'u';
        *out++ = '0';
        *out++ = '0';
        *out++ = kDigits[code >> 4U];
        *out++ = kDigits[code & 0xFU];
    }
    return out;
}

char* WriteByByte(const char* text, const char* end, char* out) noexcept {
    for (; text < end; ++text) {
        if (IsSpecial(*text)) {
            out = WriteEscape(*text, out);
        } else {
            *out++ = *text;
        }
    }
    return out;
}

#ifdef __SSE2__

constexpr size_t kOverrun = sizeof(__m128i);

// Copies sixteen bytes before it is known how many of them are wanted: what is too much is written
// over. Room for that is the caller's affair.
char* WriteEscaped(const char* text, const char* end, const char* readable_end,
                   char* out) noexcept {
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i last_control = _mm_set1_epi8(kFirstPrintable - 1);
    while (text < end) {
        if (static_cast<size_t>(readable_end - text) < sizeof(__m128i))
            return WriteByByte(text, end, out);
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
        const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
        const __m128i special = _mm_or_si128(
            control, _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
        // The bit behind the sixteen stops the count when none is special.
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(special)) | 1U << sizeof(__m128i);
        const auto plain =
            std::min(static_cast<size_t>(std::countr_zero(mask)), static_cast<size_t>(end - text));
        text += plain;
        out += plain;
        if (plain < sizeof(__m128i) && text < end) out = WriteEscape(*text++, out);
    }
    return out;
}

#else

constexpr size_t kOverrun = 0;

char* WriteEscaped(const char* text, const char* end, const char* /*readable_end*/,
                   char* out) noexcept {
    return WriteByByte(text, end, out);
}

#endif

} // namespace

void PutJsonString(std::string_view text, const char* readable_end, TextOut& out) {
    constexpr size_t kPiece = 2048;
    static_assert(kPiece * kLongestEscape + kOverrun + 2 <= TextOut::kMaxReserve);
    char* at = out.Reserve(kOverrun + std::min(text.size(), kPiece) * kLongestEscape + 2);
    *at++ = '"';
    while (text.size() > kPiece) {
        out.Advance(WriteEscaped(text.data(), text.data() + kPiece, readable_end, at));
        text.remove_prefix(kPiece);
        at = out.Reserve(kOverrun + std::min(text.size(), kPiece) * kLongestEscape + 1);
    }
    at = WriteEscaped(text.data(), text.data() + text.size(), readable_end, at);
    *at++ = '"';
    out.Advance(at);
}

} // namespace lifeboat
