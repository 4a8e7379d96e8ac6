// The end of a run: from what the leader has sent to a committed backup, its rows in the catalog,
// and the verification after it.
#pragma once

#include "pg/catalog/store_access.h"
#include "pg/run/run_plan.h"

namespace lifeboat::pg {

struct BackupParts {
    SnapshotMessage snapshot;
    std::vector<ObjectMessage> objects;
    std::optional<Witness> witness;
    std::optional<Key> run_key;
    std::optional<SignerPrivate> signer;
    std::vector<RecoveryCertificate> recipients;
    Instant started{};
};

struct CommittedBackup {
    Manifest manifest;
    std::vector<TocEntry> toc;
    Sha256Digest sums{}; // of SHA256SUMS
};

// Gives the sequence number and commits, under the chain's lock.
CommittedBackup CommitParts(RunContext& run, const RunPlan& plan, const std::string& backup_id,
                            Store& store, BackupParts& parts);
// Restore point, relations, the run's row and the event, in one transaction.
void RecordBackup(RunContext& run, const RunPlan& plan, const CommittedBackup& backup);
// The schedule wants the content verified, and its key has no secret on this server.
bool CannotVerifyContent(const RunPlan& plan);
// The schedule's `verify`, of what was committed and nothing else. Error(Damaged) when it finds
// something.
void VerifyCommitted(RunContext& run, const RunPlan& plan, const CommittedBackup& committed,
                     Store& store);

} // namespace lifeboat::pg
