// What a directory on the server must be before a store is made in it.
#pragma once

#include "pg/catalog/repository.h"

namespace lifeboat::pg {

// Error(InvalidValue) for a place that dies with the server, or that the server may clean away.
void RefuseServerDirectories(const Location& location);
// Error(StoreMissing) with what makes it.
void RequireDirectory(const Location& location);
// Before a store is made anew: the directory holds no private key, and a warning says so when it
// holds anything at all.
void CheckNewDirectory(const Location& location);

} // namespace lifeboat::pg
