// How the command line is stopped: SIGINT, SIGTERM and SIGHUP set a flag that every loop looks at;
// the process then ends by exit code 7.
#pragma once

#include "core/base/interrupt.h"

namespace lifeboat::cli {

// Handlers without SA_RESTART, so that a waiting system call returns; a signal that was ignored
// stays ignored. SIGPIPE is ignored: writing to a closed pipe is an error like others.
void InstallSignalHandlers();

class SignalInterrupt final : public Interrupt {
public:
    void Check() override; // throws Error(Cancelled)
};

} // namespace lifeboat::cli
