// What runs that did not finish have left in a store: found by their file `started` without a
// commit mark.
//
// Only debris of this cluster is removed, and never an object that is younger than the oldest
// `started` of a run that may still be at work, whoever's it is. Everything that a committed backup
// lists stays.
#pragma once

#include <set>

#include "pg/repository.h"

namespace lifeboat::pg {

struct DebrisReport {
    size_t backups = 0;
    size_t objects = 0;
    uint64_t bytes = 0;
};

// `alive`: backup ids of this cluster's runs at work. Throws; callers take it as best effort.
DebrisReport RemoveDebris(Store& store, const StoreRecord& record,
                          const std::set<std::string>& alive, Interrupt& interrupt);

// Backup ids of the runs of this cluster that are at work. In a transaction.
std::set<std::string> LiveBackups(const Home& home);

} // namespace lifeboat::pg
