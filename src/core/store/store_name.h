// Which names a driver accepts, and the two answers every driver gives in the same words.
//
// A name is made of components joined by '/': lower-case letters, digits, '_', '.', '-', and the
// capitals that occur in SHA256SUMS and in the T and Z of a backup id. No component is empty or
// begins with '.', so that neither ".." nor a driver's temporary file can be named. At most 512
// bytes.
#pragma once

#include <string>
#include <string_view>

#include "core/store/store.h"

namespace lifeboat {

inline constexpr size_t kMaxStoreNameBytes = 512;

bool IsStorePath(std::string_view name) noexcept;
// Throws Error(InvalidValue).
void CheckStoreName(std::string_view name);
// Checks a prefix and returns it without a trailing '/'; "" stays "".
std::string_view CheckStorePrefix(std::string_view prefix);
// `name` lies below `prefix` (as CheckStorePrefix returned it).
bool IsBelow(std::string_view name, std::string_view prefix) noexcept;

StoreError ObjectAbsent(std::string_view name, std::string_view url);
StoreError ObjectExists(std::string_view name, std::string_view url);

} // namespace lifeboat
