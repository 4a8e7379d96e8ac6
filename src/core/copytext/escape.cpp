#include "core/copytext/escape.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "core/copytext/digits.h"

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

char* WriteEscape(char c, char* out) noexcept {
    out[0] = '\\';
    out[1] = EscapeLetter(c);
    return out + 2;
}

char* EscapeByByte(const char* text, size_t length, char* out) noexcept {
    for (const char* const end = text + length; text != end; ++text) {
        if (IsSpecial(*text))
            out = WriteEscape(*text, out);
        else
            *out++ = *text;
    }
    return out;
}

} // namespace

#ifdef __SSE2__

namespace {

constexpr size_t kBlock = sizeof(__m128i);

__m128i LoadBlock(const char* text) noexcept {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
}

// One bit for each byte that needs a backslash.
unsigned SpecialBytes(__m128i bytes) noexcept {
    const __m128i moved = _mm_sub_epi8(bytes, _mm_set1_epi8(kFirstControl));
    const __m128i span = _mm_set1_epi8(kLastControl - kFirstControl);
    // unsigned <= span exactly for the controls
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(moved, span), moved);
    const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, backslash)));
}

// Fewer bytes than a block, zeros behind them. Loads overlap: nothing beyond the length is read.
__m128i LoadTail(const char* text, size_t length) noexcept {
    if (length >= 8) {
        const auto rest = Load<uint64_t>(text + length - 8) >> (8 * (15 - length)) >> 8;
        return _mm_set_epi64x(static_cast<int64_t>(rest), Load<int64_t>(text));
    }
    const auto byte = [&](size_t at) {
        return uint64_t{static_cast<unsigned char>(text[at])} << (8 * at);
    };
    uint64_t bytes = 0;
    if (length >= 4)
        bytes = Load<uint32_t>(text) | uint64_t{Load<uint32_t>(text + length - 4)}
                                           << (8 * (length - 4));
    else if (length > 0)
        bytes = byte(0) | byte(length / 2) | byte(length - 1);
    return _mm_cvtsi64_si128(static_cast<int64_t>(bytes));
}

// Up to 16 bytes, in twice the room.
char* EscapeTail(const char* text, size_t length, char* out) noexcept {
    const __m128i bytes = LoadTail(text, length);
    if (SpecialBytes(bytes) != 0) return EscapeByByte(text, length, out);
    if (length >= 8) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
    } else if (length >= 4) {
        _mm_storel_epi64(reinterpret_cast<__m128i*>(out), bytes);
    } else if (length > 0) {
        const auto word = static_cast<uint32_t>(_mm_cvtsi128_si32(bytes));
        std::memcpy(out, &word, length >= 2 ? 4 : length);
    }
    return out + length;
}

} // namespace

size_t PlainPrefix(const char* text, size_t length) noexcept {
    size_t at = 0;
    for (; at + kBlock <= length; at += kBlock) {
        const unsigned special = SpecialBytes(LoadBlock(text + at));
        if (special != 0) return at + static_cast<size_t>(std::countr_zero(special));
    }
    return PlainPrefixByByte(text, at, length);
}

size_t EscapeCopyText(const char* text, size_t length, char* out) noexcept {
    char* const begin = out;
    // Whole blocks are stored before it is known how much of them is plain: twice the length is
    // room enough.
    while (length >= kBlock) {
        const __m128i bytes = LoadBlock(text);
        const unsigned special = SpecialBytes(bytes);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
        if (special == 0) {
            text += kBlock;
            out += kBlock;
            length -= kBlock;
            continue;
        }
        const auto plain = static_cast<size_t>(std::countr_zero(special));
        out = WriteEscape(text[plain], out + plain);
        text += plain + 1;
        length -= plain + 1;
    }
    return static_cast<size_t>(EscapeTail(text, length, out) - begin);
}

#else

namespace {

// Has one of eight bytes a special one, or one that is not far from it?
bool MayHaveSpecial(uint64_t word) noexcept {
    constexpr uint64_t kOnes = 0x0101010101010101;
    constexpr uint64_t kHighBits = 0x8080808080808080;
    const auto has_zero = [](uint64_t bytes) {
        return ((bytes - kOnes) & ~bytes & kHighBits) != 0;
    };
    return has_zero(word & (kOnes * 0xF0)) || has_zero(word ^ (kOnes * '\\'));
}

} // namespace

size_t PlainPrefix(const char* text, size_t length) noexcept {
    size_t at = 0;
    for (; at + sizeof(uint64_t) <= length; at += sizeof(uint64_t)) {
        if (!MayHaveSpecial(Load<uint64_t>(text + at))) continue;
        const size_t special = PlainPrefixByByte(text, at, at + sizeof(uint64_t));
        if (special < at + sizeof(uint64_t)) return special;
    }
    return PlainPrefixByByte(text, at, length);
}

size_t EscapeCopyText(const char* text, size_t length, char* out) noexcept {
    char* const begin = out;
    for (; length >= sizeof(uint64_t); text += sizeof(uint64_t), length -= sizeof(uint64_t)) {
        if (MayHaveSpecial(Load<uint64_t>(text))) {
            out = EscapeByByte(text, sizeof(uint64_t), out);
        } else {
            std::memcpy(out, text, sizeof(uint64_t));
            out += sizeof(uint64_t);
        }
    }
    return static_cast<size_t>(EscapeByByte(text, length, out) - begin);
}

#endif

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
