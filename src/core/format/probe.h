// backup_check_store and `lifeboat check-store`: writes, reads back, lists, deletes a probe, step
// by step.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/store/store.h"

namespace lifeboat {

struct ProbeStep {
    std::string
        step; // "reach", "identify", "write", "exclusive", "read", "list", "delete", "space"
    bool ok = false;
    std::string detail;
    std::chrono::microseconds elapsed{};
};
// Never throws for what the store answers; later steps are left out when an earlier one makes them
// meaningless.
std::vector<ProbeStep> ProbeStore(Store& store);

} // namespace lifeboat
