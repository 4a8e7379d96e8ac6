// What runs that did not finish and backups that were deleted have left in a store: found by their
// file `started` without a commit mark, and removed as core/plan/sweep.h says. Only debris of this
// cluster.
#pragma once

#include "core/plan/sweep.h"
#include "pg/catalog/repository.h"

namespace lifeboat::pg {

// What this cluster knows of a store. In a transaction.
Sweeper SweeperOf(const Home& home, const std::string& store);
// Backup ids of the runs of this cluster that are at work. In a transaction.
std::set<std::string> LiveBackups(const Home& home);
// Nothing when somebody else is cleaning this store. Throws; callers take it as best effort.
SweepReport RemoveDebris(Store& store, const StoreRecord& record, const Sweeper& sweeper,
                         Interrupt& interrupt);

} // namespace lifeboat::pg
