// How values of one type are written: what a row's column, an array's element and a range's bound
// have in common.
//
// A formatter gets the bytes of a value as they lie in a tuple: for a fixed-length type its typlen
// bytes in the server's byte order (not necessarily aligned), for a varlena its content without the
// header, detoasted. It writes exactly what the type's output function prints under the settings a
// backup pins (DateStyle ISO, IntervalStyle postgres, extra_float_digits 3, TimeZone UTC,
// bytea_output hex), with the escapes of COPY TEXT.
//
// It returns false, having written nothing, for a value it leaves to the output function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/copytext/text_out.h"

namespace lifeboat {

struct TypeFormat;
using FormatFunction = bool (*)(const TypeFormat& type, const char* value, size_t size,
                                TextOut& out);

struct TypeFormat {
    FormatFunction format = nullptr;
    // pg_type.typlen, typalign, typdelim
    int16_t length = 0; // -1: varlena
    char align = 'i';
    char delimiter = ',';
    // Its text never needs quotes in an array or a range, nor escapes in COPY TEXT: numbers, uuid.
    bool bare = false;
    // The element's type of an array, the subtype of a range, the range of a multirange.
    const TypeFormat* element = nullptr;
};

} // namespace lifeboat
