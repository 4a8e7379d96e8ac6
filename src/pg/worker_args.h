// What a background worker of ours is started with: bgw_main_arg is the handle of the run's shared
// memory segment, bgw_extra holds this.
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
    Oid database = InvalidOid; // to connect to
    Oid role = InvalidOid;     // to connect as; invalid: the bootstrap superuser
};
static_assert(sizeof(WorkerArgs) <= BGW_EXTRALEN);

inline WorkerArgs ReadWorkerArgs() {
    WorkerArgs args;
    std::copy_n(MyBgworkerEntry->bgw_extra, sizeof(args), reinterpret_cast<char*>(&args));
    return args;
}

} // namespace lifeboat::pg
