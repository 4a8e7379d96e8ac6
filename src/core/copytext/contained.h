// Values inside a value: the elements of an array, the bounds of a range, the numbers in jsonb.
//
// Offsets count from the start of the containing varlena with its four-byte header, as the server
// counts them; what is passed around is the content behind that header, and it may lie anywhere in
// memory: nothing is read but through copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "core/copytext/text_out.h"
#include "core/copytext/type_format.h"

namespace lifeboat {

inline constexpr size_t kVarlenaHeader = 4;

struct Contained {
    std::string_view content; // without the header of a varlena
    size_t end = 0;           // where the next value may begin, not aligned
};

// The value of `type` at offset `at` of the varlena with this content. nullopt when it is not all
// there, is compressed or out of line, or is of a kind that never lies in tuples (cstring).
std::optional<Contained> ReadContained(const TypeFormat& type, std::string_view content,
                                       size_t at) noexcept;

// The varlena that `bytes` begin with; its end is counted from there.
std::optional<Contained> ReadVarlena(std::string_view bytes) noexcept;

// `at` rounded up to pg_type.typalign.
constexpr size_t AlignOffset(size_t at, char align) noexcept {
    const size_t to = align == 'd' ? 8 : align == 'i' ? 4 : align == 's' ? 2 : 1;
    return (at + to - 1) & ~(to - 1);
}

// --- quotes --------------------------------------------------------------------------------------

// Both take text as it comes from a formatter, with the escapes of COPY TEXT, and put it as
// array_out or range_out would quote it, in COPY TEXT again.
void PutArrayElement(std::string_view escaped, char delimiter, TextOut& out);
void PutRangeBound(std::string_view escaped, TextOut& out);

// --- scratch -------------------------------------------------------------------------------------

// A collector that is borrowed for one value, for text that must not be passed on before all of it
// is known. Lives on the stack only: what is borrowed last goes back first.
class Scratch {
public:
    Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch();
    // Emptied.
    TextOut& Fresh() noexcept;
    [[nodiscard]] std::string_view text() const noexcept { return collector_->text(); }

private:
    TextCollector* collector_;
    size_t largest_ = 0;
};

} // namespace lifeboat
