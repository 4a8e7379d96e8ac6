#include "core/copytext/range.h"

#include <algorithm>

#include "core/copytext/contained.h"
#include "core/copytext/digits.h"

namespace lifeboat {
namespace {

// The flags of a range (rangetypes.h).
enum : uint8_t {
    kEmpty = 0x01,
    kLowerInclusive = 0x02,
    kUpperInclusive = 0x04,
    kLowerInfinite = 0x08,
    kUpperInfinite = 0x10,
    kLowerNull = 0x20,
    kUpperNull = 0x40,
};

// Header of the varlena and the range type's OID; behind them the bounds.
constexpr size_t kRangeHeader = 8;
// The number of ranges follows in a multirange.
constexpr size_t kMultirangeHeader = 12;
constexpr uint32_t kItemIsOffset = 0x80000000;

// Bounds are packed like columns: a short varlena is not aligned, and what precedes an aligned one
// is zero, which no short one begins with.
size_t AlignBound(const TypeFormat& subtype, std::string_view content, size_t at) noexcept {
    if (subtype.length == -1 && at - kVarlenaHeader < content.size() &&
        content[at - kVarlenaHeader] != '\0')
        return at;
    return AlignOffset(at, subtype.align);
}

struct RangeWriter {
    const TypeFormat& subtype;
    std::string_view content; // what the bounds lie in
    TextOut& out;
    Scratch& bound;

    // `at` is the offset of the first bound.
    bool Put(uint8_t flags, size_t at) {
        if ((flags & kEmpty) != 0) {
            out.PutPlain("empty");
            return true;
        }
        out.Put((flags & kLowerInclusive) != 0 ? '[' : '(');
        if ((flags & (kLowerInfinite | kLowerNull)) == 0 && !PutBound(at)) return false;
        out.Put(',');
        if ((flags & (kUpperInfinite | kUpperNull)) == 0) {
            if (!PutBound(at = AlignBound(subtype, content, at))) return false;
        }
        out.Put((flags & kUpperInclusive) != 0 ? ']' : ')');
        return true;
    }

    // Moves `at` behind it.
    bool PutBound(size_t& at) {
        const auto value = ReadContained(subtype, content, at);
        if (!value) return false;
        at = value->end;
        const auto format = [&](TextOut& to) {
            return subtype.format(subtype, value->content.data(), value->content.size(), to);
        };
        if (subtype.bare) return format(out);
        if (!format(bound.Fresh())) return false;
        const std::string_view text = bound.text();
        if (std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; }))
            return false;
        PutRangeBound(text, out);
        return true;
    }
};

bool PutRanges(const TypeFormat& subtype, std::string_view content, size_t count, TextOut& out,
               Scratch& bound) {
    const char* const items = content.data() + kMultirangeHeader - kVarlenaHeader;
    const char* const flags = items + (count - 1) * 4;
    const size_t first = AlignOffset(kMultirangeHeader + (count - 1) * 4 + count, subtype.align);
    RangeWriter writer{subtype, content, out, bound};
    size_t at = 0;
    for (size_t i = 0; i < count; ++i) {
        if (i > 0) {
            const uint32_t item = Load<uint32_t>(items + (i - 1) * 4);
            const size_t length = item & ~kItemIsOffset;
            at = (item & kItemIsOffset) != 0 ? length : at + length;
            out.Put(',');
        }
        if (!writer.Put(static_cast<uint8_t>(flags[i]), first + at)) return false;
    }
    return true;
}

} // namespace

bool FormatRange(const TypeFormat& type, const char* value, size_t size, TextOut& out) {
    if (size < kRangeHeader - kVarlenaHeader + 1) return false;
    const auto flags = static_cast<uint8_t>(value[size - 1]);
    Scratch text;
    Scratch bound;
    RangeWriter writer{*type.element, {value, size - 1}, text.Fresh(), bound};
    if (!writer.Put(flags, kRangeHeader)) return false;
    out.PutPlain(text.text());
    return true;
}

bool FormatMultirange(const TypeFormat& type, const char* value, size_t size, TextOut& out) {
    constexpr size_t kHeader = kMultirangeHeader - kVarlenaHeader;
    if (size < kHeader) return false;
    const size_t count = Load<uint32_t>(value + kHeader - 4);
    if (count == 0) {
        out.PutPlain("{}");
        return true;
    }
    if (size < kHeader + (count - 1) * 4 + count) return false;
    Scratch text;
    Scratch bound;
    TextOut& collected = text.Fresh();
    collected.Put('{');
    if (!PutRanges(*type.element->element, {value, size}, count, collected, bound)) return false;
    collected.Put('}');
    out.PutPlain(text.text());
    return true;
}

} // namespace lifeboat
