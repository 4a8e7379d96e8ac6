// The settings of our own sessions (launcher, run).
#pragma once

#include "pg/bridge/bridge.h"

namespace lifeboat::pg {

// What a role or database may have been given must not bend our own statements.
void PinSessionSettings();

} // namespace lifeboat::pg
