#include "core/copytext/array.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "core/copytext/contained.h"
#include "core/copytext/digits.h"

namespace lifeboat {
namespace {

constexpr size_t kMaxDimensions = 6;
// Header of the varlena, number of dimensions, offset of the data, element type (array.h).
constexpr size_t kFixedHeader = 16;

struct Dimension {
    int32_t size = 0;
    int32_t lower = 1;
};

struct ArrayView {
    std::string_view content;
    std::array<Dimension, kMaxDimensions> dimensions;
    size_t dimension_count = 0;
    size_t items = 0;
    const char* nulls = nullptr; // a bit per item, 0 for NULL; nullptr: there are none
    size_t data = 0;             // offset of the first element
};

// Of all items; nullopt for a number that no array has.
std::optional<size_t> CountItems(const ArrayView& array) noexcept {
    constexpr size_t kMaxItems = 0x3FFFFFFF / 8;
    size_t items = array.dimension_count == 0 ? 0 : 1;
    for (size_t i = 0; i < array.dimension_count; ++i) {
        const Dimension& dimension = array.dimensions[i];
        if (dimension.size < 0) return std::nullopt;
        if (dimension.lower > std::numeric_limits<int32_t>::max() - dimension.size)
            return std::nullopt;
        items *= static_cast<size_t>(dimension.size);
        if (items > kMaxItems) return std::nullopt;
    }
    return items;
}

std::optional<ArrayView> ReadArray(std::string_view content) noexcept {
    if (content.size() < kFixedHeader - kVarlenaHeader) return std::nullopt;
    ArrayView array;
    array.content = content;
    array.dimension_count = Load<uint32_t>(content.data());
    const size_t data_offset = Load<uint32_t>(content.data() + 4);
    if (array.dimension_count > kMaxDimensions) return std::nullopt;
    const size_t header = kFixedHeader + array.dimension_count * 8;
    if (content.size() < header - kVarlenaHeader) return std::nullopt;

    const char* sizes = content.data() + kFixedHeader - kVarlenaHeader;
    for (size_t i = 0; i < array.dimension_count; ++i) {
        array.dimensions[i].size = static_cast<int32_t>(Load<uint32_t>(sizes + 4 * i));
        array.dimensions[i].lower =
            static_cast<int32_t>(Load<uint32_t>(sizes + 4 * (array.dimension_count + i)));
    }
    const auto items = CountItems(array);
    if (!items) return std::nullopt;
    array.items = *items;

    array.data = AlignOffset(header, 'd');
    if (data_offset != 0) {
        if (data_offset < header + (array.items + 7) / 8) return std::nullopt;
        if (data_offset > content.size() + kVarlenaHeader) return std::nullopt;
        array.nulls = content.data() + header - kVarlenaHeader;
        array.data = data_offset;
    }
    return array;
}

// "[2:4][0:1]=", when a lower bound is not 1.
void PutDimensions(const ArrayView& array, TextOut& out) {
    const auto* begin = array.dimensions.data();
    const auto* end = begin + array.dimension_count;
    if (std::all_of(begin, end, [](const Dimension& one) { return one.lower == 1; })) return;
    constexpr size_t kRoom = 32;
    for (const auto* one = begin; one != end; ++one) {
        char* at = out.Reserve(kRoom);
        char* const limit = at + kRoom;
        *at++ = '[';
        at = std::to_chars(at, limit, one->lower).ptr;
        *at++ = ':';
        at = std::to_chars(at, limit, one->lower + one->size - 1).ptr;
        *at++ = ']';
        out.Advance(at);
    }
    out.Put('=');
}

// Writes braces and delimiters around the items; `put_item` writes the next one, or returns false
// to stop.
template <typename PutItem>
bool PutItems(const ArrayView& array, char delimiter, TextOut& out, PutItem put_item) {
    std::array<int32_t, kMaxDimensions> at{};
    const size_t last = array.dimension_count - 1;
    PutDimensions(array, out);
    for (size_t i = 0; i < array.dimension_count; ++i) out.Put('{');
    for (;;) {
        // The innermost dimension without a look at the others.
        for (int32_t i = 0; i < array.dimensions[last].size; ++i) {
            if (i > 0) out.Put(delimiter);
            if (!put_item()) return false;
        }
        out.Put('}');
        size_t outer = last;
        while (outer > 0 && ++at[outer - 1] == array.dimensions[outer - 1].size) {
            at[--outer] = 0;
            out.Put('}');
        }
        if (outer == 0) return true;
        out.Put(delimiter);
        for (size_t i = outer; i <= last; ++i) out.Put('{');
    }
}

// Numbers without NULLs: their place is known and their text is what is printed.
bool FormatPlainItems(const ArrayView& array, const TypeFormat& element, TextOut& out) {
    const auto length = static_cast<size_t>(element.length);
    const size_t stride = AlignOffset(length, element.align);
    if (array.data + (array.items - 1) * stride + length > array.content.size() + kVarlenaHeader)
        return false;
    const char* next = array.content.data() + array.data - kVarlenaHeader;
    return PutItems(array, element.delimiter, out, [&] {
        const char* const item = next;
        next += stride;
        return element.format(element, item, length, out);
    });
}

bool FormatItems(const ArrayView& array, const TypeFormat& element, TextOut& out) {
    Scratch one;
    size_t item = 0;
    size_t offset = array.data;
    return PutItems(array, element.delimiter, out, [&] {
        const size_t bit = item++;
        if (array.nulls != nullptr && ((array.nulls[bit / 8] >> (bit % 8)) & 1) == 0) {
            out.PutPlain("NULL");
            return true;
        }
        const auto value =
            ReadContained(element, array.content, AlignOffset(offset, element.align));
        if (!value) return false;
        offset = value->end;
        const auto format = [&](TextOut& to) {
            return element.format(element, value->content.data(), value->content.size(), to);
        };
        if (element.bare) return format(out);
        if (!format(one.Fresh())) return false;
        PutArrayElement(one.text(), element.delimiter, out);
        return true;
    });
}

} // namespace

bool FormatArray(const TypeFormat& type, const char* value, size_t size, TextOut& out) {
    const auto array = ReadArray({value, size});
    if (!array) return false;
    if (array->items == 0) {
        out.PutPlain("{}");
        return true;
    }
    const TypeFormat& element = *type.element;
    const bool plain = element.bare && element.length > 0 && array->nulls == nullptr;
    const auto format_items = plain ? FormatPlainItems : FormatItems;
    Scratch whole; // an item may turn out to be none that its formatter takes
    if (!format_items(*array, element, whole.Fresh())) return false;
    out.PutPlain(whole.text());
    return true;
}

} // namespace lifeboat
