// The rows of a run in our tables. Each function is a transaction of its own, unless it says
// otherwise.
#pragma once

#include "core/format/manifest.h"
#include "pg/run/run_context.h"
#include "pg/run/run_plan.h"

namespace lifeboat::pg {

// Takes the run's lock and writes its row, in state queued (or takes over the launcher's).
void RecordQueued(RunContext& run);
void RecordRunning(RunContext& run, const RunPlan& plan);
// The witness, committed and flushed after the snapshot.
Witness RecordWitness(RunContext& run, const std::string& backup_id);

// The run's row, in the caller's transaction. Without `finished`: now.
void RecordSucceeded(const Home& home, int64_t run_id, const Manifest& manifest,
                     const std::vector<std::string>& notes,
                     std::optional<Instant> finished = std::nullopt);

struct Ending {
    std::string status; // failed, cancelled, interrupted
    std::string sqlstate, message, detail, hint;
};
void RecordEnding(RunContext& run, const Ending& ending);

// Rows that say queued or running and whose process is gone become interrupted. Returns how many.
int MarkOrphans(const Home& home);

} // namespace lifeboat::pg
