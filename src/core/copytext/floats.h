// real and double precision: the shortest decimal number that reads back as the same value, as
// PostgreSQL prints it (extra_float_digits at least 1).
//
// PostgreSQL never picks a number that lies exactly in the middle between two neighbours, even if
// reading rounds it to the right one; others do. Such values, all above 2^53 (real: 2^24) and rare,
// are left to the output function.
#pragma once

#include "core/copytext/type_format.h"

namespace lifeboat {

bool FormatFloat4(const TypeFormat& type, const char* value, size_t size, TextOut& out);
bool FormatFloat8(const TypeFormat& type, const char* value, size_t size, TextOut& out);

} // namespace lifeboat
