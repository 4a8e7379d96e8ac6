// The first phase of the restore plan: everything that is checked before anything is made.
#pragma once

#include "core/plan/restore_plan.h"

namespace lifeboat {

struct PreflightInput {
    const Manifest& manifest;
    const ArchiveFacts& archive;
    const TargetFacts& target;
    const RestoreRequest& request;
    uint64_t bytes; // uncompressed, of what will be loaded
};

void PlanPreflight(const PreflightInput& input, std::vector<PlanStep>& steps);

} // namespace lifeboat
