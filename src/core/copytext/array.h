// Arrays, as array_out prints them.
#pragma once

#include "core/copytext/type_format.h"

namespace lifeboat {

// type.element says how elements are written; the delimiter is the element's. Leaves to the output
// function: elements that are toasted or that their own formatter leaves, and damaged arrays.
bool FormatArray(const TypeFormat& type, const char* value, size_t size, TextOut& out);

} // namespace lifeboat
