// Our own sessions (launcher, run): their settings, and how they wait.
#pragma once

#include "pg/bridge/bridge.h"

namespace lifeboat::pg {

// What a role or database may have been given must not bend our own statements.
void PinSessionSettings();

// Waits for the latch, then reads the configuration again if it was to be. The death of the
// postmaster ends the process. Looks at no interrupts.
void WaitAndReload(int timeout_ms);

} // namespace lifeboat::pg
