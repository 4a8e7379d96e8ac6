// What a run's shared memory says of its progress.
#pragma once

#include "pg/run/run_shared.h"

namespace lifeboat::pg {

struct ProgressView {
    std::string phase;
    std::string relation;
    std::string backup_id;
    uint64_t bytes_done = 0, bytes_total = 0, rows_done = 0;
    std::optional<double> percent;
    std::optional<uint64_t> bytes_per_second;
    std::optional<double> seconds_left;
    uint32_t workers = 0;
    uint32_t lock_holder = 0;           // pid that holds what is waited for
    std::optional<double> snapshot_age; // seconds
};
ProgressView ReadProgress(RunShared* shared);
// "data 43 %, 120 MB/s, 12 s left"
std::string ProgressLine(RunShared* shared);

} // namespace lifeboat::pg
