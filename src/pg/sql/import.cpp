// backup_import: the catalog of a store, rebuilt from what lies in it.
#include "core/format/backup_files.h"
#include "core/format/origins.h"
#include "pg/bridge/encoding.h"
#include "pg/catalog/rights.h"
#include "pg/catalog/stored_backup.h"
#include "pg/run/debris.h"
#include "pg/run/recover_runs.h"
#include "pg/sql/call.h"

extern "C" {
PG_FUNCTION_INFO_V1(lifeboat_import);
PGDLLEXPORT Datum lifeboat_import(PG_FUNCTION_ARGS);
}

namespace lifeboat::pg {
namespace {

// Of a backup that nobody vouches for: its manifest, its sums, and the text of its toc.
constexpr uint64_t kMostUntrusted = 64ULL << 20;

void Say(const std::string& text, const std::string& hint = {}) {
    Notice(ToLocalEncoding(text, "UTF8"), hint);
}

std::string Words(const Error& error) {
    return error.detail().empty() ? error.message() : error.message() + ": " + error.detail();
}

bool EndsTheStatement(const Error& error) { return error.sqlstate().starts_with("57"); }

class Import {
public:
    Import(const Home& home, StoreRecord record, std::string caller, ResultSet& result)
        : home_(home),
          caller_(std::move(caller)),
          record_(std::move(record)),
          result_(result),
          store_(OpenRecorded(record_, interrupt_)),
          ring_(*store_) {
        repo_ = CheckIdentity(*store_, record_);
        trust_ = CatalogTrust(home_, record_);
        trust_.allow_untrusted = true;
        trust_.most_untrusted = kMostUntrusted;
        GiveKeys();
    }

    void Run() {
        // What the catalog knew before was complete in the store before.
        const auto before = KnownSums();
        const std::vector<BackupEntry> entries = ListBackups(*store_, interrupt_);
        // A run at work whose backup is listed already will write its row itself.
        const auto known = KnownSums();
        const std::set<std::string> alive = LiveBackups(home_);
        std::set<std::string> listed;
        for (const BackupEntry& entry : entries) {
            interrupt_.Check();
            listed.insert(entry.backup_id);
            if (const auto row = known.find(entry.backup_id); row != known.end()) {
                Compare(entry.backup_id, row->second);
            } else if (!alive.contains(entry.backup_id)) {
                Report(entry.backup_id, AddApart(entry));
            }
        }
        for (const auto& [id, sums] : before) {
            if (listed.contains(id)) continue;
            Say("backup " + id + " is not in the store any more",
                "SELECT backup_delete(" + QuoteLiteral(id) + ");");
            MarkDamaged(id);
            Report(id, "missing");
        }
    }

    [[nodiscard]] size_t imported() const noexcept { return imported_; }

private:
    // Best effort: a server without secrets imports all but the list of tables.
    void GiveKeys() {
        try {
            AddServerSecrets(ring_, home_, record_, Value(), interrupt_);
        } catch (const ServerError&) {
            throw;
        } catch (const Error& error) {
            if (EndsTheStatement(error)) throw;
            Say("tables of encrypted backups will not be listed: " + Words(error));
        }
    }

    std::map<std::string, std::string> KnownSums() {
        std::map<std::string, std::string> known;
        for (const Row& row :
             Query(home_.Sql("SELECT backup_id, sums FROM @.backup_restore_points WHERE store = $1 "
                             "AND status <> 'deleted'"),
                   {record_.name})) {
            known[*row[0]] = *row[1];
        }
        return known;
    }

    void Report(const std::string& id, const std::string& action) { result_.Add({id, action}); }

    void MarkDamaged(const std::string& id) {
        RestorePoint point;
        point.backup_id = id;
        point.store = record_.name;
        VerifyReport report;
        report.problems.emplace_back("found by backup_import");
        RecordVerified(home_, point, VerifyLevel::kPresent, report);
    }

    void Compare(const std::string& id, const std::string& sums) {
        const std::string found = SumsDigest(*store_, id);
        if (found == sums) return Report(id, "known");
        Say("the sums of backup " + id + " are not those the catalog remembers: SHA-256 " + found +
            ", not " + sums);
        MarkDamaged(id);
        Report(id, "damaged");
    }

    // A forged manifest may hold what our tables refuse: that must not keep the others out.
    std::string AddApart(const BackupEntry& entry) {
        try {
            Subtransaction apart;
            std::string action = Add(entry);
            apart.Release();
            return action;
        } catch (const ServerError& error) {
            if (EndsTheStatement(error)) throw;
            Say("backup " + entry.backup_id + " cannot stand in the catalog: " + Words(error));
            return "damaged";
        }
    }

    std::string Add(const BackupEntry& entry) {
        if (!entry.manifest) {
            Say("backup " + entry.backup_id + " is damaged: " + entry.problem);
            return "damaged";
        }
        if (!AcceptsOrigin(*store_, repo_, entry.manifest->store_id)) {
            Say("backup " + entry.backup_id + " belongs to store " + entry.manifest->store_id);
            return "foreign";
        }
        if (!IsKnownStore(entry.manifest->store_id)) {
            Say("backup " + entry.backup_id + " was copied here from store " +
                    entry.manifest->store_id + ", which the catalog does not know",
                "If you know that store: SELECT backup_accept_origin(" +
                    QuoteLiteral(record_.name) + ", '" + entry.manifest->store_id + "');");
            return "foreign";
        }
        try {
            return AddOpened(OpenBackup(*store_, entry.backup_id, trust_));
        } catch (const StoreError&) {
            throw;
        } catch (const Error& error) {
            if (error.code() != Errc::Damaged && error.code() != Errc::Unsupported &&
                error.code() != Errc::Untrusted)
                throw;
            Say("backup " + entry.backup_id + ": " + Words(error));
            if (error.code() == Errc::Unsupported) return "unsupported";
            if (error.code() == Errc::Untrusted) return "damaged";
            const Manifest head = ReadManifestHead(*store_, entry.backup_id);
            CatalogEntry row = EntryOf(head, SumsDigest(*store_, entry.backup_id));
            row.damaged = true;
            row.notes.push_back(ToLocalEncoding(Words(error), "UTF8"));
            Insert(row);
            return "damaged";
        }
    }

    static void RefuseLargeToc(const Backup& backup) {
        if (backup.signature_checked || backup.manifest.toc.raw_bytes <= kMostUntrusted) return;
        throw Error(Errc::Untrusted, "its toc has " +
                                         std::to_string(backup.manifest.toc.raw_bytes) +
                                         " bytes, and no signature");
    }

    [[nodiscard]] bool IsKnownStore(const std::string& id) const {
        const auto& known = record_.known_stores;
        return std::find(known.begin(), known.end(), id) != known.end();
    }

    // A copy of what the catalog knows from another store is that, and not somebody's.
    bool AddAsCopy(const Backup& backup) {
        RestorePoint here;
        here.backup_id = backup.manifest.backup_id;
        here.store = record_.name;
        here.sums = HexId(backup.sums_digest);
        const std::vector<RestorePoint> copies = FindCopies(home_, here);
        if (copies.size() == 1) return false;
        AddCopy(home_, copies[1], record_.name);
        ++imported_;
        return true;
    }

    std::string AddOpened(const Backup& backup) {
        if (AddAsCopy(backup)) return "imported";
        CatalogEntry row = EntryOf(backup.manifest, HexId(backup.sums_digest));
        row.in_chain = backup.signature_checked;
        std::optional<InterruptedRun> run;
        if (backup.signature_checked) {
            run = FindInterrupted(home_, record_.name, backup.manifest.backup_id);
            if (run) FillIn(row, *run);
        } else {
            row.notes.emplace_back("not signed by a signer that this server trusts");
        }
        std::vector<TocEntry> toc;
        try {
            RefuseLargeToc(backup);
            const ReadContext context = MakeReadContext(backup, &ring_, interrupt_);
            toc = ReadToc(*store_, backup, context);
            row.toc = &toc;
        } catch (const StoreError&) {
            throw;
        } catch (const ServerError&) {
            throw;
        } catch (const Error& error) {
            if (EndsTheStatement(error)) throw;
            row.damaged = error.code() == Errc::Damaged;
            row.notes.push_back(
                ToLocalEncoding("its tables are not listed: " + Words(error), "UTF8"));
            if (row.damaged) Say("backup " + backup.manifest.backup_id + ": " + Words(error));
        }
        Insert(row);
        if (run) RecordRecovered(home_, *run, backup.manifest, caller_);
        return row.damaged ? "damaged" : "imported";
    }

    CatalogEntry EntryOf(const Manifest& manifest, std::string sums) {
        CatalogEntry row;
        row.manifest = &manifest;
        row.sums = std::move(sums);
        row.store = record_.name;
        row.key = KeyOfRecipients(home_, manifest);
        row.imported = true;
        row.in_chain = false;
        return row;
    }

    void Insert(const CatalogEntry& row) {
        Execute(home_.Sql("DELETE FROM @.backup_restore_points WHERE backup_id = $1 AND store = $2 "
                          "AND status = 'deleted'"),
                {row.manifest->backup_id, record_.name});
        AddRestorePoint(home_, row);
        if (!row.damaged) ++imported_;
    }

    const Home& home_;
    std::string caller_;
    StoreRecord record_;
    ResultSet& result_;
    ServerInterrupt interrupt_;
    std::unique_ptr<Store> store_;
    Keyring ring_;
    Repo repo_;
    Trust trust_;
    size_t imported_ = 0;
};

Datum ImportStore(const Call& call) {
    const Home home = RequireHome();
    const std::string name = call.Text(0, "store name");
    ResultSet result(call.info());
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    const StoreRecord record = LoadStore(home, name);
    RequireStoreUse(record);
    LockStore(home, name);
    Import import(home, record, RoleName(caller), result);
    import.Run();
    AddEvent(home, RoleName(caller), "store.import", name,
             {{"imported", std::to_string(import.imported())}});
    return result.Done();
}

} // namespace
} // namespace lifeboat::pg

Datum lifeboat_import(PG_FUNCTION_ARGS) {
    return lifeboat::pg::Boundary(
        [&] { return lifeboat::pg::ImportStore(lifeboat::pg::Call(fcinfo)); });
}
