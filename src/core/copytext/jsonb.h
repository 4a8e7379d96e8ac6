// jsonb straight from its binary form (utils/jsonb.h), as jsonb_out prints it.
#pragma once

#include "core/copytext/type_format.h"

namespace lifeboat {

// Nesting costs no stack, and nothing outside the value is read. A value whose outermost structure
// is damaged is left to the output function; damage further in throws Error (Errc::Damaged), since
// what precedes it is written by then.
bool FormatJsonb(const TypeFormat& type, const char* value, size_t size, TextOut& out);

} // namespace lifeboat
