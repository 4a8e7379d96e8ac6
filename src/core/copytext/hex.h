// Bytes as lower-case hexadecimal digits.
#pragma once

#include <cstddef>

namespace lifeboat {

// Writes 2 * size characters; returns their end.
char* WriteHex(const char* bytes, size_t size, char* out) noexcept;

} // namespace lifeboat
