// Starting the processes of a run: dynamic background workers that are never restarted.
#pragma once

#include <string>
#include <string_view>

#include "pg/bridge/bridge.h"

extern "C" {
#include <postmaster/bgworker.h>
#include <storage/dsm.h>
}

namespace lifeboat::pg {

struct WorkerToStart {
    const char* function; // its main, in our library
    std::string name;     // of the process: "lifeboat run 17"
    const char* type;     // for pg_stat_activity: "lifeboat run"
    dsm_handle segment;   // its argument
    std::string_view extra;
    const char* needed_for; // "the run"
};
// The handle lives as long as the process. Error(LimitExceeded) when no slot is free.
BackgroundWorkerHandle* StartWorker(const WorkerToStart& worker);

} // namespace lifeboat::pg
