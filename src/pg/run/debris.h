// What runs that did not finish have left in a store: found by their file `started` without a
// commit mark.
//
// Only debris of this cluster is removed, and never an object that is younger than the oldest
// `started` of a run that may still be at work, whoever's it is. Everything that a committed backup
// lists stays.
//
// A copy of this cluster has its system identifier, and perhaps its catalog. So a run is known to
// have ended only when this catalog has its row and `started` was written in this place; of any
// other the deadline must have passed, which counts at most kLongestRun from when the file was
// written.
#pragma once

#include <set>

#include "pg/catalog/repository.h"

namespace lifeboat::pg {

struct DebrisReport {
    size_t backups = 0;
    size_t objects = 0;
    uint64_t bytes = 0;
};

struct KnownBackups {
    Instant at = Now();            // before the rest was asked for: make it first
    std::string place;             // ours, as `started` says it
    std::set<std::string> alive;   // of this cluster's runs at work
    std::set<std::string> ended;   // of those that no longer are
    std::set<std::string> catalog; // complete ones, whatever has become of their files
};
// Throws; callers take it as best effort.
DebrisReport RemoveDebris(Store& store, const StoreRecord& record, const KnownBackups& known,
                          Interrupt& interrupt);

// Backup ids of the runs of this cluster that are at work. In a transaction.
std::set<std::string> LiveBackups(const Home& home);
std::set<std::string> EndedBackups(const Home& home);
// Restore points of a store. In a transaction.
std::set<std::string> CatalogBackups(const Home& home, const std::string& store);

} // namespace lifeboat::pg
