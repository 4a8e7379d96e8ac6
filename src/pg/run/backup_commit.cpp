#include "pg/run/backup_commit.h"

#include <set>
#include <tuple>

#include "pg/bridge/encoding.h"
#include "pg/catalog/copies.h"
#include "pg/catalog/restore_points.h"
#include "pg/run/run_locks.h"
#include "pg/run/run_record.h"

namespace lifeboat::pg {
namespace {

// Restore order.
int Rank(ObjectKind kind) {
    switch (kind) {
    case ObjectKind::kGlobals: return 0;
    case ObjectKind::kDatabase: return 1;
    case ObjectKind::kSchema: return 2;
    case ObjectKind::kConfig: return 3;
    case ObjectKind::kData: return 4;
    case ObjectKind::kSequences: return 5;
    case ObjectKind::kLargeObjects: return 6;
    case ObjectKind::kPost: return 7;
    case ObjectKind::kStatistics: return 8;
    case ObjectKind::kToc: return 9;
    }
    return 9;
}

struct Line {
    int rank;
    uint32_t order;
    uint32_t part;
    const TocEntry* entry;
    const ObjectRecord* record;
};

std::vector<Line> SortLines(const std::vector<ObjectMessage>& objects) {
    std::vector<Line> lines;
    for (const ObjectMessage& object : objects) {
        for (const TocEntry& entry : object.entries) {
            lines.push_back(
                {Rank(entry.kind), object.order, object.record.part, &entry, &object.record});
        }
    }
    std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) {
        const auto block = [](const Line& line) {
            return line.record->blocks ? line.record->blocks->first : 0;
        };
        return std::tuple(a.rank, a.order, block(a), a.part) <
               std::tuple(b.rank, b.order, block(b), b.part);
    });
    return lines;
}

void FillIn(Manifest& m, const RunContext& run, const RunPlan& plan, const BackupParts& parts) {
    m.store_id = plan.store.store_id;
    m.type = plan.type;
    m.tool = std::string("pg_lifeboat ") + kVersion;
    m.schedule = ToUtf8(run.request.schedule);
    m.role = ToUtf8(plan.role_name);
    m.started = parts.started;
    m.snapshot_at = parts.snapshot.at;
    m.cluster = parts.snapshot.cluster;
    m.database = parts.snapshot.database;
    m.extensions = parts.snapshot.extensions;
    m.collation_providers = parts.snapshot.collation_providers;
    m.snapshot_lsn = parts.snapshot.lsn;
    m.snapshot_xmin = parts.snapshot.xmin;
    m.settings = parts.snapshot.settings;
    if (plan.schedule) m.compression = plan.schedule->compression;
    m.encrypted = parts.run_key.has_value();
    if (parts.run_key) m.key_ids.push_back(parts.run_key->Id());
    for (const RecoveryCertificate& recipient : parts.recipients) {
        m.recipients.push_back(recipient.fingerprint());
    }
    m.witness = parts.witness;
    m.lref = parts.snapshot.lref;
    m.totals.tables = parts.snapshot.tables;
}

// The same rows twice would be restored twice.
void CheckOnce(const std::vector<ObjectRecord>& objects) {
    std::set<std::tuple<uint32_t, std::optional<uint32_t>, uint32_t>> seen;
    for (const ObjectRecord& record : objects) {
        if (record.kind != ObjectKind::kData && record.kind != ObjectKind::kConfig) continue;
        std::optional<uint32_t> first;
        if (record.blocks) first = record.blocks->first;
        if (seen.emplace(record.relation, first, record.part).second) continue;
        throw Error(Errc::Internal, "the leader has sent rows of relation " +
                                        std::to_string(record.relation) + " twice");
    }
}

struct KnownChain {
    uint64_t sequence = 0;
    std::string backup_id;
    std::string sums;
};

KnownChain LoadChain(const RunContext& run, const RunPlan& plan, const Manifest& m) {
    SqlTransaction transaction;
    const Rows rows =
        Query(run.home.Sql("SELECT sequence, backup_id, sums FROM @.backup_chains WHERE store "
                           "= $1 AND system_identifier = $2 AND database_oid = $3::oid"),
              {plan.store.name, m.cluster.system_identifier, std::to_string(m.database.oid)});
    transaction.Commit();
    if (rows.empty()) return {};
    return {static_cast<uint64_t>(ToInt(rows[0][0])), *rows[0][1], *rows[0][2]};
}

KnownBackups LoadKnown(const RunContext& run, const RunPlan& plan, const Manifest& m) {
    SqlTransaction transaction;
    const Rows rows =
        Query(run.home.Sql(
                  "SELECT backup_id, CASE WHEN system_identifier = $2 AND database_oid = $3::oid "
                  "THEN sequence END, signer_id IS NOT NULL FROM @.backup_restore_points WHERE "
                  "store = $1 AND status = 'available'"),
              {plan.store.name, m.cluster.system_identifier, std::to_string(m.database.oid)});
    transaction.Commit();
    KnownBackups known;
    for (const Row& row : rows) {
        KnownBackup& backup = known[*row[0]];
        if (row[1]) backup.sequence = static_cast<uint64_t>(ToInt(row[1]));
        backup.is_signed = *row[2] == "t";
    }
    return known;
}

// What this server has committed itself, where it may not see what others have.
Predecessor PredecessorOf(const KnownChain& known) {
    Predecessor found{known.sequence, std::nullopt};
    const auto sums = FromHex(known.sums);
    Sha256Digest digest;
    if (!sums || sums->size() != digest.size()) return found;
    std::copy(sums->begin(), sums->end(), digest.begin());
    found.previous = PreviousBackup{known.backup_id, digest};
    return found;
}

// This server took it, and its sums are still those; or a trusted signer says so.
bool IsGenuineBackup(const RunContext& run, const RunPlan& plan, Store& store,
                     const PreviousBackup& backup) {
    SqlTransaction transaction;
    const Value sums = QueryValue(
        run.home.Sql("SELECT sums FROM @.backup_restore_points WHERE backup_id = $1 AND store = $2 "
                     "AND NOT imported AND status <> 'deleted'"),
        {backup.backup_id, plan.store.name});
    const Trust trust = CatalogTrust(run.home, plan.store);
    transaction.Commit();
    if (sums) return *sums == HexId(backup.sums);
    try {
        return OpenBackup(store, backup.backup_id, trust).sums_digest == backup.sums;
    } catch (const StoreError&) {
        throw;
    } catch (const Error& error) {
        if (error.code() == Errc::Damaged || error.code() == Errc::Untrusted ||
            error.code() == Errc::NotFound || error.code() == Errc::Unsupported)
            return false;
        throw;
    }
}

void GiveSequence(RunContext& run, const RunPlan& plan, Store& store, Manifest& m) {
    const KnownChain known = LoadChain(run, plan, m);
    Predecessor found;
    try {
        found = FindPrevious(
            store, m.cluster.system_identifier, m.database.oid, LoadKnown(run, plan, m),
            [&](const PreviousBackup& backup) { return IsGenuineBackup(run, plan, store, backup); },
            *run.stop);
    } catch (const StoreError& error) { // to back up needs no right to list
        if (error.code() != Errc::StoreDenied) throw;
        found = PredecessorOf(known);
    }
    if (known.sequence > found.sequence) {
        run.notes.push_back("store \"" + plan.store.name + "\" lacks backup " + known.backup_id +
                            ", which the catalog knows as the newest: it was rolled back, or the "
                            "backup was removed");
    }
    m.sequence = std::max(found.sequence, known.sequence) + 1;
    m.previous = found.previous;
}

} // namespace

CommittedBackup CommitParts(RunContext& run, const RunPlan& plan, const std::string& backup_id,
                            Store& store, BackupParts& parts) {
    CommittedBackup backup;
    Manifest manifest;
    manifest.backup_id = backup_id;
    FillIn(manifest, run, plan, parts);
    const std::string* last = nullptr;
    std::set<std::string_view> listed;
    for (const Line& line : SortLines(parts.objects)) {
        backup.toc.push_back(*line.entry);
        if (listed.insert(line.record->name).second) manifest.objects.push_back(*line.record);
        last = &line.record->name;
    }
    if (last == nullptr) throw Error(Errc::Internal, "the leader has sent no objects");
    CheckOnce(manifest.objects);
    {
        SqlTransaction transaction;
        if (!FindHome()) {
            throw Error(Errc::WrongState, "extension pg_lifeboat was dropped during the run");
        }
        transaction.Commit();
    }
    const ChainLock lock(plan.store.store_id, plan.database.oid, *run.stop);
    GiveSequence(run, plan, store, manifest);
    manifest.finished = Now();
    Committed committed = CommitBackup(store, std::move(manifest), backup.toc, parts.run_key,
                                       parts.signer ? &*parts.signer : nullptr, *run.stop);
    backup.manifest = std::move(committed.manifest);
    // Of what was written, not of what the store answers: by this an unsigned backup is known.
    backup.sums = committed.sums;
    return backup;
}

void RecordBackup(RunContext& run, const RunPlan& plan, const CommittedBackup& backup) {
    SqlTransaction transaction;
    const std::optional<Home> home = FindHome();
    if (!home) {
        throw Error(Errc::WrongState,
                    "extension pg_lifeboat was dropped: the backup is complete, but in no catalog",
                    "", "Create the extension and the store again, then call backup_import.");
    }
    CatalogEntry entry;
    entry.manifest = &backup.manifest;
    entry.toc = &backup.toc;
    entry.sums = HexId(backup.sums);
    entry.store = plan.store.name;
    if (plan.key && backup.manifest.encrypted) entry.key = plan.key->name;
    entry.role_oid = plan.role;
    entry.run_id = run.id;
    entry.notes = run.notes;
    AddRestorePoint(*home, entry);
    RecordSucceeded(*home, run.id, backup.manifest, run.notes);
    if (plan.schedule)
        WantCopies(*home, *plan.schedule, backup.manifest.backup_id, plan.database.name,
                   plan.store.name);
    AddEvent(*home, ActorName(run.request.requested_by), "run.succeeded", backup.manifest.backup_id,
             {{"run", std::to_string(run.id)},
              {"schedule", NullIfEmpty(run.request.schedule)},
              {"stored_bytes", std::to_string(backup.manifest.totals.stored_bytes)}});
    transaction.Commit();
    run.notes.clear();
}

bool CannotVerifyContent(const RunPlan& plan) {
    return plan.schedule && plan.schedule->verify &&
           ParseVerifyLevel(*plan.schedule->verify) == VerifyLevel::kContent && plan.key &&
           !plan.key->secret;
}

void VerifyCommitted(RunContext& run, const RunPlan& plan, const CommittedBackup& committed,
                     Store& store) {
    const std::string& backup_id = committed.manifest.backup_id;
    VerifyLevel level = *ParseVerifyLevel(*plan.schedule->verify);
    if (CannotVerifyContent(plan)) level = VerifyLevel::kChecksum;
    SqlTransaction transaction;
    Keyring ring(store);
    const Value key = plan.key ? Value(plan.key->name) : Value();
    if (level == VerifyLevel::kContent) {
        AddServerSecrets(ring, run.home, plan.store, key, *run.stop);
    }
    Trust trust = CatalogTrust(run.home, plan.store);
    trust.sums = committed.sums;
    transaction.Commit();
    const VerifyReport report =
        VerifyBackup(store, backup_id, trust, &ring, level, *run.stop, nullptr);
    SqlTransaction record;
    RestorePoint point;
    point.backup_id = backup_id;
    point.store = plan.store.name;
    RecordVerified(run.home, point, level, report);
    record.Commit();
    if (report.ok()) return;
    throw Error(Errc::Damaged,
                "backup " + backup_id + " was stored, and its verification found " +
                    std::to_string(report.problems.size()) + " problems",
                report.problems.front(), "SELECT * FROM backup_verify('" + backup_id + "');");
}

} // namespace lifeboat::pg
