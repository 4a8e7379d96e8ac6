// What the target server offers, asked before anything is touched.
#pragma once

#include "cli/restore/create_database.h"
#include "cli/session.h"
#include "core/plan/restore_plan.h"

namespace lifeboat::cli {

TargetFacts GatherFacts(Connection& connection, const Manifest& manifest,
                        const std::string& target_database);

// The plan for this backup on this target.
std::vector<PlanStep> PlanFor(const Session& session, const TargetFacts& facts,
                              const RestoreRequest& request);

// Prints warnings; throws Error(WrongState) with every reason when a step is blocked.
void RequireReady(const std::vector<PlanStep>& plan);

} // namespace lifeboat::cli
