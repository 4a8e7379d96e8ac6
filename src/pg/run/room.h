// Whether a run can fit into its store, before it begins.
#pragma once

#include "pg/run/run_plan.h"

namespace lifeboat::pg {

// The last backup of this kind of the database says how much is stored; if the database has shrunk
// since, so much less. Error(DiskFull) when the store has less room than that. Writes the
// database's size into the run's row, for the next one. Stores that do not tell what is free, and
// first backups, pass.
void RequireRoom(const RunContext& run, const RunPlan& plan, Store& store);

} // namespace lifeboat::pg
