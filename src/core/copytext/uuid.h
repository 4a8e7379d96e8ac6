// Identifiers printed as hexadecimal digits.
#pragma once

#include "core/copytext/type_format.h"

namespace lifeboat {

bool FormatUuid(const TypeFormat& type, const char* value, size_t size, TextOut& out);
bool FormatMacaddr(const TypeFormat& type, const char* value, size_t size, TextOut& out);
bool FormatMacaddr8(const TypeFormat& type, const char* value, size_t size, TextOut& out);

} // namespace lifeboat
