// Takes the backups that no rule keeps out of their stores, and what nobody uses any more.
//
// Each backup goes in a transaction (or subtransaction) of its own, in which the rules are asked
// once more: its row says deleted when its commit mark is gone. Objects go after all marks. Whoever
// is interrupted calls it again: the decision is the same, and what a deleted backup has left is
// found by the folder that it leaves.
#pragma once

#include "pg/catalog/retention.h"
#include "pg/run/debris.h"

namespace lifeboat::pg {

struct PrunedCopy {
    KeptCopy copy;
    // keep, delete; and of those that were to be deleted: postponed (a run refers to it, a restore
    // reads it, or it was pinned or is kept by the rules meanwhile), refused (the store lets nobody
    // delete).
    std::string action;
};

struct StorePrune {
    std::vector<PrunedCopy> backups; // that were to be deleted
    SweepReport sweep;
    std::optional<Error> refused; // by the store
    [[nodiscard]] size_t Count(std::string_view action) const;
};

// Runs `body` in a transaction of its own.
using Apart = std::function<void(const std::function<void()>& body)>;

// Of one store. Waits for other sweepers. Writes event store.prune when there was something to do.
// Throws what keeps it from looking at all.
StorePrune PruneStore(const Home& home, const StoreRecord& record,
                      const std::vector<KeptCopy>& expired, const std::string& actor,
                      Interrupt& interrupt, const Apart& apart);
// The event of a prune that threw.
void RecordPruneFailed(const Home& home, const std::string& store, const std::string& actor,
                       const Error& error);
// What whoever may delete there has to type, of one schedule.
std::string PruneCommand(const Home& home, const StoreRecord& record, const std::string& schedule);

} // namespace lifeboat::pg
