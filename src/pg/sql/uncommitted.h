// A run is another transaction: it cannot see what this one has not committed.
#pragma once

#include "pg/catalog/repository.h"
#include "pg/run/messages.h"

namespace lifeboat::pg {

// Error(WrongState) when the schedule, the store or the key that the request needs was written by
// this very transaction.
void RefuseUncommitted(const Home& home, const RunRequest& request);

} // namespace lifeboat::pg
