// What the run's background worker is started with: bgw_main_arg is the handle of its shared memory
// segment, bgw_extra holds this. (A leader's bgw_extra is the run's id as text.)
#pragma once

#include "pg/postgres.h"

extern "C" {
#include <postmaster/bgworker.h>
}

namespace lifeboat::pg {

inline constexpr const char* kLibrary = "pg_lifeboat";
inline constexpr const char* kRunFunction = "LifeboatRunMain";
inline constexpr const char* kLeaderFunction = "LifeboatLeaderMain";

struct WorkerArgs {
    int64_t run_id = 0;
    Oid database = InvalidOid; // the control database
};
static_assert(sizeof(WorkerArgs) <= BGW_EXTRALEN);

inline WorkerArgs ReadWorkerArgs() {
    WorkerArgs args;
    std::copy_n(MyBgworkerEntry->bgw_extra, sizeof(args), reinterpret_cast<char*>(&args));
    return args;
}

} // namespace lifeboat::pg
