// Runs whose process was gone after their commit mark and before the catalog had learned of it:
// their rows say interrupted, but the backup is there. Only what a trusted signer has signed is
// taken for theirs.
#pragma once

#include "pg/catalog/restore_points.h"
#include "pg/catalog/store_access.h"

namespace lifeboat::pg {

struct InterruptedRun {
    int64_t id = 0;
    std::string backup_id;
    Oid role = InvalidOid; // that it acted as
};

// The run that was making this backup, if its row says interrupted. In a transaction.
std::optional<InterruptedRun> FindInterrupted(const Home& home, const std::string& store,
                                              const std::string& backup_id);
// What the catalog says of a backup that an interrupted run has completed.
void FillIn(CatalogEntry& entry, const InterruptedRun& run);
// The run's row and the event; the backup's own row is the caller's. In a transaction.
void RecordRecovered(const Home& home, const InterruptedRun& run, const Manifest& manifest,
                     const std::string& actor, std::optional<int64_t> found_by = std::nullopt);

// Finds the backups of interrupted runs in a store and enters them into the catalog. Each is a
// transaction of its own. Returns how many.
int RecoverRuns(const Home& home, const StoreRecord& record, Store& store, Interrupt& interrupt,
                Oid requested_by, int64_t found_by);

} // namespace lifeboat::pg
