// fork and exec, apart from what is done with the child afterwards (child_process.h).
#pragma once

#include <sys/types.h>

#include "core/io/child_process.h"

namespace lifeboat {

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};
// Both ends close on exec.
Pipe MakePipe();

struct ChildEnds {
    int in;
    int out;
    int err;
};

// Returns when the program runs; throws Error(ChildFailed) when it does not.
pid_t LaunchChild(const ChildSpec& spec, const ChildEnds& ends);

} // namespace lifeboat
