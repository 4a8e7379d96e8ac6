// The copies that are wanted in further stores: rows of backup_copies.
#pragma once

#include "pg/catalog/repository.h"

namespace lifeboat::pg {

// A schedule's backup was made: a copy of it is wanted in each of the schedule's other stores. In
// the transaction that records the backup.
void WantCopies(const Home& home, const ScheduleRecord& schedule, const std::string& backup_id,
                const std::string& database, const std::string& store);
// Copies that are still to be made in stores which the schedule does not name any more are wanted
// no longer.
void ForgetCopies(const Home& home, const std::string& schedule);

// The copy was deleted because it was damaged: one that a schedule still names is wanted anew,
// while there is a sound one to make it of. In the transaction that records the deletion.
void WantCopyAgain(const Home& home, const std::string& backup_id, const std::string& store);

// How a store was found, for backup_storage: in the caller's transaction.
struct StoreState {
    std::chrono::microseconds latency{};
    std::optional<uint64_t> free_bytes;
    std::string error; // empty: it answered
};
void RecordStoreState(const Home& home, const std::string& store, const StoreState& state);
// CheckIdentity, measured and recorded; returns what it threw. (Interrupts are thrown.)
std::optional<Error> NoteStoreState(const Home& home, Store& store, const StoreRecord& record);

} // namespace lifeboat::pg
