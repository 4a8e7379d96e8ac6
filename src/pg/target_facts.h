// What this server has of what a restore needs.
#pragma once

#include "core/plan/restore_plan.h"
#include "pg/repository.h"

namespace lifeboat::pg {

TargetFacts FactsOfThisServer(Oid role, const std::string& target_database,
                              const DatabaseInfo& source);

} // namespace lifeboat::pg
