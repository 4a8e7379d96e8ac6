// backup_health: what is well and what needs attention.
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/count.h"
#include "core/crypto/secret_source.h"
#include "pg/catalog/rights.h"
#include "pg/catalog/store_access.h"
#include "pg/catalog/this_cluster.h"
#include "pg/settings.h"
#include "pg/shmem.h"
#include "pg/sql/health_findings.h"
#include "pg/sql/health_retention.h"

extern "C" {
#include <access/xlog.h>
#include <postmaster/bgworker_internals.h>
#include <replication/logicallauncher.h>

PG_FUNCTION_INFO_V1(lifeboat_health);
PG_FUNCTION_INFO_V1(lifeboat_this_cluster);
PGDLLEXPORT Datum lifeboat_health(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_this_cluster(PG_FUNCTION_ARGS);
}

namespace lifeboat::pg {
namespace {

void CheckLauncher(ResultSet& result) {
    Findings findings(result, "launcher");
    const SharedState* shared = Shared();
    if (shared == nullptr) {
        findings.Add(
            "shared_preload_libraries", kWarning,
            "pg_lifeboat is not preloaded: nothing is scheduled or queued",
            "Add to postgresql.conf and restart: shared_preload_libraries = 'pg_lifeboat'");
        return;
    }
    if (RecoveryInProgress()) {
        findings.Add("lifeboat launcher", kWarning,
                     "this server is a standby: the launcher sleeps until it is promoted");
        return;
    }
    if (shared->launcher_pid == 0) {
        findings.Add("lifeboat launcher", kCritical, "the launcher is not running",
                     "It restarts by itself within seconds; the server's log says why it ended.");
        return;
    }
    findings.Ok("lifeboat launcher", "running as process " + std::to_string(shared->launcher_pid));
}

// Every run that may be at work has its two processes, and one that is alone all of its workers;
// more runs share what workers there are. The launcher and PostgreSQL's own of logical replication
// are always there.
int WantedProcesses() {
    constexpr int kProcessesOfRun = 2;
    const int always = 1 + (max_logical_replication_workers > 0 ? 1 : 0);
    return always +
           std::max(MaxConcurrentRuns() * kProcessesOfRun, kProcessesOfRun + DefaultWorkers());
}

void CheckServer(ResultSet& result) {
    Findings findings(result, "server");
    const int wanted = WantedProcesses();
    if (max_worker_processes < wanted) {
        findings.Add(
            "max_worker_processes", kWarning,
            "it is " + std::to_string(max_worker_processes) + "; " +
                Count(static_cast<uint64_t>(MaxConcurrentRuns()), "run") +
                " at a time, or one of " +
                Count(static_cast<uint64_t>(DefaultWorkers()), "worker") + ", want " +
                std::to_string(wanted),
            "ALTER SYSTEM SET max_worker_processes = " + std::to_string(wanted) + "; then restart");
    }
    for (const char* program : {"pg_dump", "pg_dumpall", "pg_restore", "lifeboat"}) {
        const std::string path = BinDirectory() + "/" + program;
        if (access(path.c_str(), X_OK) == 0) continue;
        findings.Add(program, kCritical, "there is no program " + path,
                     "Install it, or set lifeboat.bin_directory.");
    }
    if (!enableFsync) {
        findings.Add("fsync", kWarning, "it is off: a crash may lose the catalog of backups",
                     "Set fsync = on.");
    }
    findings.Ok("server", "programs and worker processes are there");
}

dev_t DeviceOf(const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 ? status.st_dev : 0;
}

// The next run is refused when it cannot fit (run/room.h): here it is said before.
void CheckRoom(Findings& findings, const Home& home, const StoreRecord& record, Store& store) {
    const std::optional<uint64_t> free = store.Properties().free_bytes;
    if (!free) return;
    const Rows rows = Query(
        home.Sql(
            "SELECT s.name, r.database, max(r.stored_bytes) FROM @.backup_schedules s CROSS "
            "JOIN LATERAL (SELECT DISTINCT ON (database) database, stored_bytes FROM "
            "@.backup_runs WHERE schedule = s.name AND status = 'succeeded' ORDER BY database, "
            "id DESC) r WHERE (s.store = $1 OR $1 = ANY (s.copies)) AND r.stored_bytes > "
            "$2::bigint GROUP BY 1, 2 ORDER BY 1, 2"),
        {record.name, std::to_string(*free)});
    for (const Row& row : rows) {
        findings.Add(record.name, kWarning,
                     "it has " + HumanBytes(*free) + " free; the last backup of database \"" +
                         *row[1] + "\" by schedule \"" + *row[0] + "\" took " +
                         HumanBytes(static_cast<uint64_t>(ToInt(row[2]))),
                     "Enlarge the file system, or remove backups that are no longer needed: "
                     "SELECT * FROM backup_storage;");
    }
}

void CheckStore(Findings& findings, const Home& home, const StoreRecord& record) {
    ServerInterrupt interrupt;
    try {
        RequireStoreUse(record);
        const std::unique_ptr<Store> store = OpenRecorded(record, interrupt);
        CheckIdentity(*store, record);
        CheckRoom(findings, home, record, *store);
    } catch (const ServerError&) {
        throw;
    } catch (const Error& error) {
        findings.Add(record.name, kCritical,
                     error.message() + (error.detail().empty() ? "" : ". " + error.detail()),
                     error.hint());
        return;
    }
    const Location location = ParseLocation(record.url);
    if (location.IsDirectory() && DeviceOf(location.path) == DeviceOf(DataDir)) {
        findings.Add(record.name, kWarning,
                     "it lies on the file system of the data directory: one disk lost, both lost",
                     "Keep backups on another disk, best on another machine.");
    }
    if (!record.encryption_required) {
        findings.Add(record.name, kWarning, "backups in it are not encrypted");
    }
    findings.Ok(record.name, record.url);
}

void CheckCluster(const Home& home, ResultSet& result) {
    Findings findings(result, "cluster");
    if (const auto why = WhyNotAtHome(home)) {
        findings.Add(SystemIdentifier(), kWarning, *why,
                     "If this copy takes over: SELECT backup_adopt();");
    }
    findings.Ok(SystemIdentifier(), DataDirectory());
}

void CheckStores(const Home& home, ResultSet& result) {
    Findings findings(result, "store");
    const std::vector<StoreRecord> stores = LoadStores(home);
    if (stores.empty()) {
        findings.Add("stores", kWarning, "there is no store",
                     "SELECT backup_create_store(name => 'main', url => 'file:///srv/backups');");
    }
    for (const StoreRecord& store : stores) CheckStore(findings, home, store);
}

// Whoever looks at health looks often, and starts no programs.
bool IsReadHere(const Value& source, const std::string& option) {
    return source && ParseSecretSource(*source, option, false).kind != SourceKind::kCommand;
}

// The newest backup of the key opens with the secret. A store that does not answer is another
// finding.
void CheckSecretFits(const Home& home, const KeyRecord& key, const Key& secret,
                     Interrupt& interrupt) {
    const Rows newest = Query(
        home.Sql("SELECT store, key_ids[1], backup_id FROM @.backup_restore_points WHERE key = $1 "
                 "AND status <> 'deleted' AND encrypted ORDER BY taken_at DESC LIMIT 1"),
        {key.name});
    KeyId id{};
    if (newest.empty() || !newest[0][1] || !DecodeHex(*newest[0][1], id)) return;
    const StoreRecord record = LoadStore(home, *newest[0][0]);
    try {
        RequireStoreUse(record);
        const std::unique_ptr<Store> store = OpenRecorded(record, interrupt);
        Keyring ring(*store);
        ring.AddServerSecret(secret);
        (void)ring.Find(id);
    } catch (const ServerError&) {
        throw;
    } catch (const Error& error) {
        if (error.code() != Errc::KeyWrong && error.code() != Errc::KeyMissing) return;
        throw Error(error.code(),
                    "secret " + *key.secret + " does not open backup " + *newest[0][2],
                    error.message() + ".",
                    "Put the secret back that the key was made with: this server can restore none "
                    "of its backups.");
    }
}

// What a run of the key reads, read as a run reads it.
void CheckMaterial(const Home& home, const KeyRecord& key, Findings& findings) {
    ServerInterrupt interrupt;
    const auto check = [&](auto&& body) {
        try {
            body();
        } catch (const ServerError&) {
            throw;
        } catch (const Error& error) {
            findings.Add(key.name, kCritical,
                         error.message() + (error.detail().empty() ? "" : ". " + error.detail()),
                         error.hint());
        }
    };
    check([&] { RequireKeyUse(key); });
    if (IsReadHere(key.secret, "secret")) {
        check([&] {
            CheckSecretFits(home, key, ReadServerSecret(*key.secret, interrupt), interrupt);
        });
    }
    if (IsReadHere(key.signer, "signer"))
        check([&] { RequireSigner(key, ReadSigner(*key.signer, interrupt)); });
}

std::string KeyDetail(const KeyRecord& key) {
    std::string detail = Count(key.recipients.size(), "recovery certificate") + ", " +
                         (key.secret ? "server secret" : "write-only") +
                         (key.signer ? ", signed" : "");
    const bool all_read = (!key.secret || IsReadHere(key.secret, "secret")) &&
                          (!key.signer || IsReadHere(key.signer, "signer"));
    if (!all_read) detail += "; commands are run by backup_check_key only";
    return detail;
}

void CheckKeys(const Home& home, ResultSet& result) {
    Findings findings(result, "key");
    for (const KeyRecord& key : LoadKeys(home)) {
        if (RoleExists(key.created_by)) {
            CheckMaterial(home, key, findings);
        } else {
            findings.Add(key.name, kCritical, "its creator no longer exists: no run can use it",
                         "A superuser takes it over: SELECT backup_rotate_key(" +
                             QuoteLiteral(key.name) + ");");
        }
        if (!key.signer) {
            findings.Add(key.name, kWarning,
                         "it has no signer: whoever can write to the store could forge a backup",
                         "lifeboat keygen makes one; then: SELECT backup_rotate_key(" +
                             QuoteLiteral(key.name) + ", signer => 'file:…');");
        }
        if (key.recipients.empty()) {
            findings.Add(key.name, kWarning,
                         "it has no recovery certificate: lose this server, lose the backups",
                         "SELECT backup_rotate_key(" + QuoteLiteral(key.name) +
                             ", recipients => ARRAY['file:…']);");
        }
        findings.Ok(key.name, KeyDetail(key));
    }
}

Datum Health(const Call& call) {
    const Home home = RequireHome();
    ResultSet result(call.info());
    RoleScope as_owner(home.owner);
    CheckLauncher(result);
    CheckServer(result);
    CheckCluster(home, result);
    CheckStores(home, result);
    CheckKeys(home, result);
    CheckSchedules(home, result);
    CheckBackups(home, result);
    CheckRetention(home, result);
    CheckCopies(home, result);
    return result.Done();
}

Datum ThisCluster(const Call& call) {
    ResultSet result(call.info());
    result.Add({SystemIdentifier(), DataDirectory()});
    return result.Done();
}

} // namespace
} // namespace lifeboat::pg

Datum lifeboat_health(PG_FUNCTION_ARGS) {
    return lifeboat::pg::Boundary([&] { return lifeboat::pg::Health(lifeboat::pg::Call(fcinfo)); });
}

Datum lifeboat_this_cluster(PG_FUNCTION_ARGS) {
    return lifeboat::pg::Boundary(
        [&] { return lifeboat::pg::ThisCluster(lifeboat::pg::Call(fcinfo)); });
}
