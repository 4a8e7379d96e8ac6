// Values that are text already, and bytea.
#pragma once

#include "core/copytext/type_format.h"

namespace lifeboat {

// text, varchar, bpchar, json, xml and whatever else is printed as it is stored.
bool FormatText(const TypeFormat& type, const char* value, size_t size, TextOut& out);
bool FormatName(const TypeFormat& type, const char* value, size_t size, TextOut& out);
bool FormatBytea(const TypeFormat& type, const char* value, size_t size, TextOut& out);

} // namespace lifeboat
