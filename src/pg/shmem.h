// What the module keeps in the server's shared memory; there only when it is preloaded.
#pragma once

#include "pg/samples.h"

extern "C" {
#include <storage/latch.h>
#include <storage/lwlock.h>
}

namespace lifeboat::pg {

inline constexpr size_t kSecretBytes = 32;

struct SharedState {
    LWLock* lock; // guards all of it
    Latch* launcher_latch;
    pid_t launcher_pid;
    bool launcher_connecting; // and never came back: the control database cannot be connected to
    bool launcher_on_standby;
    bool schedules_changed;
    TimestampTz last_look; // the launcher's, also of one that is gone
    SampleRing samples;
    unsigned char secret[kSecretBytes]; // made at the start, never changed: read without the lock
};

// In _PG_init, when the module is preloaded.
void RequestSharedState();
// nullptr when the module is not preloaded.
SharedState* Shared();

// The launcher looks at the schedules again once this transaction has committed.
void WakeLauncherAtCommit();
// At once.
void WakeLauncher();
void RegisterCommitCallback();

} // namespace lifeboat::pg
