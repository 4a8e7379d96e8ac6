// What this server has of what a restore needs.
#pragma once

#include "core/plan/restore_plan.h"
#include "pg/catalog/repository.h"

namespace lifeboat::pg {

// A database of that name is there, and it is not what an interrupted restore of this backup left.
bool IsTaken(const std::string& target_database, const std::string& backup_id);
TargetFacts FactsOfThisServer(Oid role, const std::string& target_database,
                              const Manifest& manifest);

} // namespace lifeboat::pg
