// The session and the snapshot of a backup.
//
// One REPEATABLE READ READ ONLY transaction has one snapshot, taken by the first statement that
// wants one. So until every relation is locked only catalog scans may be used: no SPI, no function
// that takes the transaction's snapshot.
#pragma once

#include "pg/bridge/guards.h"
#include "pg/run/messages.h"

namespace lifeboat::pg {

// Something changed under our hands or a lock was not to be had: give everything back, wait a
// little, try again.
class StartOver final : public Error {
public:
    explicit StartOver(const Error& reason) : Error(reason) {}
};

// Fixes every setting that shapes output text or could hide rows, and turns off time limits.
// Outside a transaction.
void PinSession(int lock_patience_ms);
// A setting for the rest of the session or transaction.
void SetSetting(const char* name, const char* value);

// The backup's transaction; rolled back when it goes without Commit().
class SnapshotTransaction {
public:
    SnapshotTransaction();
    void Commit();

private:
    Transaction transaction_;
};

struct BackupSnapshot {
    Instant at{};
    std::string lsn;
    std::string xmin;
    std::string xmax;
    std::string lref;     // empty: no sample
    std::string exported; // for pg_dump --snapshot
};
// Takes the transaction's snapshot, makes it the active one and exports it. StartOver when
// something has pinned one before.
BackupSnapshot TakeSnapshot();

// What the manifest says about cluster, database and session. Under the snapshot.
SnapshotMessage DescribeCluster(const BackupSnapshot& snapshot);

} // namespace lifeboat::pg
