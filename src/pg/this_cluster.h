// Which cluster this is, so that a copy of it never writes to its store.
#pragma once

#include "pg/repository.h"

namespace lifeboat::pg {

// The data directory with links resolved.
std::string DataDirectory();
// System identifier and data directory are those that the schedule remembers.
bool IsOfThisCluster(const ScheduleRecord& schedule);

} // namespace lifeboat::pg
