// Boolean and whole numbers, and the type "char".
#pragma once

#include "core/copytext/digits.h"
#include "core/copytext/type_format.h"

namespace lifeboat {

bool FormatBool(const TypeFormat& type, const char* value, size_t size, TextOut& out);
bool FormatInt2(const TypeFormat& type, const char* value, size_t size, TextOut& out);
bool FormatInt4(const TypeFormat& type, const char* value, size_t size, TextOut& out);
bool FormatInt8(const TypeFormat& type, const char* value, size_t size, TextOut& out);
bool FormatOid(const TypeFormat& type, const char* value, size_t size, TextOut& out);
// A byte above 127 is left to the output function: servers since 16 print \ooo, those before it the
// byte.
bool FormatChar(const TypeFormat& type, const char* value, size_t size, TextOut& out);

} // namespace lifeboat
