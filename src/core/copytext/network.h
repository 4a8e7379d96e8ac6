// Network addresses.
#pragma once

#include "core/copytext/type_format.h"

namespace lifeboat {

// inet: the netmask is left out where it covers the whole address; cidr always has it.
bool FormatInet(const TypeFormat& type, const char* value, size_t size, TextOut& out);
bool FormatCidr(const TypeFormat& type, const char* value, size_t size, TextOut& out);

} // namespace lifeboat
