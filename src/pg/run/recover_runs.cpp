#include "pg/run/recover_runs.h"

#include "pg/bridge/encoding.h"
#include "pg/catalog/copies.h"
#include "pg/run/run_record.h"

namespace lifeboat::pg {
namespace {

constexpr const char* kFound =
    "its process was gone before it could say so: found complete in the store";

InterruptedRun ToRun(const Row& row) { return {ToInt(row[0]), *row[1], ToOid(row[2])}; }

// The newest are enough: every run looks.
std::vector<InterruptedRun> ListInterrupted(const Home& home, const std::string& store) {
    std::vector<InterruptedRun> runs;
    for (const Row& row :
         Query(home.Sql("SELECT id, backup_id, acting_role::oid FROM @.backup_runs r WHERE status "
                        "= 'interrupted' AND store = $1 AND backup_id IS NOT NULL AND NOT EXISTS "
                        "(SELECT FROM @.backup_restore_points p WHERE p.backup_id = r.backup_id "
                        "AND p.store = r.store) ORDER BY id DESC LIMIT 100"),
               {store})) {
        runs.push_back(ToRun(row));
    }
    return runs;
}

// nullopt: not there, not whole, or nobody whom we trust has signed it.
std::optional<Backup> OpenTrusted(Store& store, const std::string& id, const Trust& trust) {
    if (!store.Exists(BackupFile(id, kSumsFile))) return std::nullopt;
    try {
        return OpenBackup(store, id, trust);
    } catch (const StoreError&) {
        throw;
    } catch (const Error& error) {
        if (error.code() == Errc::Damaged || error.code() == Errc::Untrusted ||
            error.code() == Errc::NotFound || error.code() == Errc::Unsupported)
            return std::nullopt;
        throw;
    }
}

class Recovery {
public:
    Recovery(const Home& home, const StoreRecord& record, Store& store, Interrupt& interrupt)
        : home_(home), record_(record), store_(store), interrupt_(interrupt) {}

    int Run(Oid requested_by, int64_t found_by) {
        std::vector<InterruptedRun> runs;
        Trust trust;
        {
            SqlTransaction transaction;
            runs = ListInterrupted(home_, record_.name);
            if (!runs.empty()) trust = CatalogTrust(home_, record_);
            transaction.Commit();
        }
        int recovered = 0;
        for (const InterruptedRun& run : runs) {
            interrupt_.Check();
            const std::optional<Backup> backup = OpenTrusted(store_, run.backup_id, trust);
            if (!backup) continue;
            Recover(run, *backup, requested_by, found_by);
            ++recovered;
        }
        return recovered;
    }

private:
    void Recover(const InterruptedRun& run, const Backup& backup, Oid requested_by,
                 int64_t found_by) {
        CatalogEntry entry;
        entry.manifest = &backup.manifest;
        entry.sums = HexId(backup.sums_digest);
        entry.store = record_.name;
        FillIn(entry, run);
        std::vector<TocEntry> toc;
        SqlTransaction transaction;
        entry.key = KeyOfRecipients(home_, backup.manifest);
        if (ReadTables(backup, entry, toc)) entry.toc = &toc;
        AddRestorePoint(home_, entry);
        RecordRecovered(home_, run, backup.manifest, ActorName(requested_by), found_by);
        transaction.Commit();
    }

    // A server without secrets learns all but the list of tables.
    bool ReadTables(const Backup& backup, CatalogEntry& entry, std::vector<TocEntry>& toc) {
        try {
            Keyring ring(store_);
            AddServerSecrets(ring, home_, record_, entry.key, interrupt_);
            toc = ReadToc(store_, backup, MakeReadContext(backup, &ring, interrupt_));
            return true;
        } catch (const StoreError&) {
            throw;
        } catch (const ServerError&) {
            throw;
        } catch (const Error& error) {
            if (error.sqlstate().starts_with("57")) throw;
            entry.damaged = error.code() == Errc::Damaged;
            entry.notes.push_back(
                ToLocalEncoding("its tables are not listed: " + error.message(), "UTF8"));
            return false;
        }
    }

    const Home& home_;
    const StoreRecord& record_;
    Store& store_;
    Interrupt& interrupt_;
};

} // namespace

std::optional<InterruptedRun> FindInterrupted(const Home& home, const std::string& store,
                                              const std::string& backup_id) {
    const Rows rows =
        Query(home.Sql("SELECT id, backup_id, acting_role::oid FROM @.backup_runs WHERE status = "
                       "'interrupted' AND store = $1 AND backup_id = $2"),
              {store, backup_id});
    if (rows.empty()) return std::nullopt;
    return ToRun(rows[0]);
}

void FillIn(CatalogEntry& entry, const InterruptedRun& run) {
    entry.run_id = run.id;
    entry.role_oid = run.role;
    entry.imported = false;
}

void RecordRecovered(const Home& home, const InterruptedRun& run, const Manifest& manifest,
                     const std::string& actor, std::optional<int64_t> found_by) {
    RecordSucceeded(home, run.id, manifest, {kFound}, manifest.finished);
    const Rows rows = Query(home.Sql("SELECT schedule, database, store FROM @.backup_runs WHERE id "
                                     "= $1::bigint AND schedule IS NOT NULL"),
                            {std::to_string(run.id)});
    const auto schedule = rows.empty() ? std::nullopt : FindSchedule(home, *rows[0][0]);
    if (schedule) WantCopies(home, *schedule, run.backup_id, *rows[0][1], *rows[0][2]);
    AddEvent(home, actor, "run.recovered", run.backup_id,
             {{"run", std::to_string(run.id)},
              {"found_by_run", found_by ? Value(std::to_string(*found_by)) : Value()}});
}

int RecoverRuns(const Home& home, const StoreRecord& record, Store& store, Interrupt& interrupt,
                Oid requested_by, int64_t found_by) {
    return Recovery(home, record, store, interrupt).Run(requested_by, found_by);
}

} // namespace lifeboat::pg
