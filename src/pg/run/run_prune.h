// What a successful run of a schedule with keep rules does last.
#pragma once

#include "pg/run/run_plan.h"

namespace lifeboat::pg {

// Prunes the backups of the run's schedule, in every store they lie in. The backup is complete and
// stays so: what goes wrong is a note of the run, an event and a row of backup_health.
void PruneAfterRun(RunContext& run, const RunPlan& plan) noexcept;

} // namespace lifeboat::pg
