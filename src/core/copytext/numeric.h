// numeric, straight from its digits to the base of 10,000.
#pragma once

#include "core/copytext/type_format.h"

namespace lifeboat {

bool FormatNumeric(const TypeFormat& type, const char* value, size_t size, TextOut& out);

} // namespace lifeboat
