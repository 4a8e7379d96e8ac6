// Ranges and multiranges, as range_out and multirange_out print them.
//
// The value is the content of a detoasted datum: what follows the four bytes of its header.
// Offsets are counted from the datum's own start, so it need not be aligned in memory.
#pragma once

#include "core/copytext/type_format.h"

namespace lifeboat {

// type.element is the subtype. Leaves to the output function: bounds that their own formatter
// leaves, bounds with bytes above 127 (whether such a byte is white space, which is quoted, depends
// on the database's locale), and damaged ranges.
bool FormatRange(const TypeFormat& type, const char* value, size_t size, TextOut& out);

// type.element is the range type.
bool FormatMultirange(const TypeFormat& type, const char* value, size_t size, TextOut& out);

} // namespace lifeboat
