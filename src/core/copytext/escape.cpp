#include "core/copytext/escape.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace lifeboat {
namespace {

// The letter that stands for a control character after a backslash: \b \t \n \v \f \r are 8 to 13
// without a gap.
constexpr char kFirstControl = '\b';
constexpr char kLastControl = '\r';
constexpr std::string_view kControlLetters = "btnvfr";

constexpr bool IsSpecial(char c) noexcept {
    return c == '\\' || (c >= kFirstControl && c <= kLastControl);
}

constexpr char EscapeLetter(char c) noexcept {
    return c == '\\' ? '\\' : kControlLetters[static_cast<size_t>(c - kFirstControl)];
}

size_t PlainPrefixByByte(const char* text, size_t from, size_t length) noexcept {
    while (from < length && !IsSpecial(text[from])) ++from;
    return from;
}

} // namespace

#ifdef __SSE2__

size_t PlainPrefix(const char* text, size_t length) noexcept {
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i first = _mm_set1_epi8(kFirstControl);
    const __m128i span = _mm_set1_epi8(kLastControl - kFirstControl);
    size_t at = 0;
    for (; at + sizeof(__m128i) <= length; at += sizeof(__m128i)) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + at));
        const __m128i moved =
            _mm_sub_epi8(bytes, first); // unsigned ≤ span exactly for the controls
        const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(moved, span), moved);
        const int special =
            _mm_movemask_epi8(_mm_or_si128(control, _mm_cmpeq_epi8(bytes, backslash)));
        if (special != 0)
            return at + static_cast<size_t>(std::countr_zero(static_cast<unsigned>(special)));
    }
    return PlainPrefixByByte(text, at, length);
}

#else

size_t PlainPrefix(const char* text, size_t length) noexcept {
    // Eight bytes at a time; a word with a byte below 16 or a backslash is looked at byte by byte.
    constexpr uint64_t kOnes = 0x0101010101010101;
    constexpr uint64_t kHighBits = 0x8080808080808080;
    const auto has_zero = [](uint64_t word) { return ((word - kOnes) & ~word & kHighBits) != 0; };
    size_t at = 0;
    for (; at + sizeof(uint64_t) <= length; at += sizeof(uint64_t)) {
        uint64_t word = 0;
        std::memcpy(&word, text + at, sizeof(word));
        if (!has_zero(word & (kOnes * 0xF0)) && !has_zero(word ^ (kOnes * '\\'))) continue;
        const size_t special = PlainPrefixByByte(text, at, at + sizeof(word));
        if (special < at + sizeof(word)) return special;
    }
    return PlainPrefixByByte(text, at, length);
}

#endif

size_t EscapeCopyText(const char* text, size_t length, char* out) noexcept {
    char* const begin = out;
    while (length > 0) {
        const size_t plain = PlainPrefix(text, length);
        if (plain > 0) std::memcpy(out, text, plain);
        out += plain;
        text += plain;
        length -= plain;
        for (; length > 0 && IsSpecial(*text); ++text, --length) {
            *out++ = '\\';
            *out++ = EscapeLetter(*text);
        }
    }
    return static_cast<size_t>(out - begin);
}

void AppendCopyText(std::string& out, std::string_view text) {
    const size_t plain = PlainPrefix(text.data(), text.size());
    out.append(text, 0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    const size_t had = out.size();
    out.resize(had + 2 * text.size());
    out.resize(had + EscapeCopyText(text.data(), text.size(), out.data() + had));
}

std::optional<std::string> UnescapeCopyText(std::string_view text) {
    std::string plain;
    plain.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        const size_t backslash = std::min(text.find('\\', at), text.size());
        plain.append(text, at, backslash - at);
        if (backslash == text.size()) break;
        if (backslash + 1 == text.size()) return std::nullopt;
        const char letter = text[backslash + 1];
        const size_t control = kControlLetters.find(letter);
        if (letter != '\\' && control == std::string_view::npos) return std::nullopt;
        plain +=
            letter == '\\' ? '\\' : static_cast<char>(kFirstControl + static_cast<char>(control));
        at = backslash + 2;
    }
    return plain;
}

} // namespace lifeboat
