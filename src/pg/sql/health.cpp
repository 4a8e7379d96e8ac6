// backup_health: what is well and what needs attention.
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/count.h"
#include "core/crypto/secret_source.h"
#include "core/schedule/cron.h"
#include "pg/catalog/rights.h"
#include "pg/catalog/store_access.h"
#include "pg/catalog/this_cluster.h"
#include "pg/settings.h"
#include "pg/shmem.h"
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

constexpr const char* kOk = "ok";
constexpr const char* kWarning = "warning";
constexpr const char* kCritical = "critical";

class Findings {
public:
    Findings(ResultSet& result, std::string check) : result_(result), check_(std::move(check)) {}
    void Add(const std::string& subject, const char* status, const std::string& detail,
             const std::string& hint = {}) {
        result_.Add({check_, subject, std::string(status), detail, NullIfEmpty(hint)});
        found_ = found_ || status != kOk;
    }
    // Nothing was found about this subject.
    void Ok(const std::string& subject, const std::string& detail) {
        if (!found_) Add(subject, kOk, detail);
        found_ = false;
    }

private:
    ResultSet& result_;
    std::string check_;
    bool found_ = false;
};

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

void CheckStore(Findings& findings, const StoreRecord& record) {
    ServerInterrupt interrupt;
    try {
        RequireStoreUse(record);
        CheckIdentity(*OpenRecorded(record, interrupt), record);
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
    for (const StoreRecord& store : stores) CheckStore(findings, store);
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

// What would keep the schedule from running at all.
void CheckSchedule(const ScheduleRecord& schedule) {
    Cron::Parse(schedule.cron);
    Zone::Find(schedule.timezone);
    RequireLogin(schedule.owner);
    if (schedule.database == "*") return;
    const Rows rows =
        Query("SELECT oid, datallowconn FROM pg_database WHERE datname = $1", {schedule.database});
    if (rows.empty() || !IsTrue(rows[0][1])) {
        throw Error(Errc::NotFound, "database \"" + schedule.database +
                                        "\" does not exist or does "
                                        "not accept connections");
    }
    RequireConnect(schedule.owner, ToOid(rows[0][0]), schedule.database);
}

void CheckScheduleRow(Findings& findings, const Home& home, const ScheduleRecord& schedule) {
    const std::string name = QuoteLiteral(schedule.name);
    if (!IsOfThisCluster(schedule)) {
        findings.Add(schedule.name, kWarning,
                     "it belongs to system identifier " + schedule.system_identifier + " in \"" +
                         schedule.data_directory + "\" and does not run here",
                     "If this copy takes over: SELECT backup_adopt(" + name + ");");
        return;
    }
    try {
        CheckSchedule(schedule);
    } catch (const ServerError&) {
        throw;
    } catch (const Error& error) {
        findings.Add(schedule.name, kCritical, error.message(), error.hint());
    }
    const Rows rows = Query(home.Sql("SELECT database, overdue, consecutive_failures, last_error, "
                                     "last_success_at FROM @.backup_status WHERE schedule = $1"),
                            {schedule.name});
    for (const Row& row : rows) {
        if (IsTrue(row[1])) {
            findings.Add(
                schedule.name, kCritical,
                "database \"" + *row[0] +
                    "\" has no backup from its last due time; last: " + row[4].value_or("never"),
                "SELECT backup_run(" + name + ");");
        } else if (ToInt(row[2]) > 0) {
            findings.Add(
                schedule.name, kWarning,
                "database \"" + *row[0] +
                    "\": " + Count(static_cast<uint64_t>(ToInt(row[2])), "run") +
                    " in a row without success: " + row[3].value_or(""),
                "SELECT * FROM backup_runs WHERE schedule = " + name + " ORDER BY id DESC;");
        }
    }
    findings.Ok(schedule.name, schedule.enabled ? "on time" : "paused");
}

void CheckSchedules(const Home& home, ResultSet& result) {
    Findings findings(result, "schedule");
    for (const std::string& name : ScheduleNames(home)) {
        CheckScheduleRow(findings, home, LoadSchedule(home, name));
    }
}

void CheckBackups(const Home& home, ResultSet& result) {
    Findings findings(result, "backup");
    for (const Row& row : Query(home.Sql(
             "SELECT p.backup_id, p.store, (SELECT string_agg(format('\"%s\"', o.store), ', ' "
             "ORDER BY "
             "o.store) FROM @.backup_restore_points o WHERE o.backup_id = p.backup_id AND o.status "
             "= 'available'), (SELECT count(*) FROM @.backup_restore_points o WHERE o.backup_id = "
             "p.backup_id) FROM @.backup_restore_points p WHERE p.status = 'damaged' ORDER BY "
             "p.taken_at, p.store"))) {
        const std::string id = QuoteLiteral(*row[0]);
        if (ToInt(row[3]) == 1) {
            findings.Add(*row[0], kCritical, "it is damaged",
                         "SELECT * FROM backup_verify(" + id + ");");
        } else if (row[2]) {
            findings.Add(*row[0], kCritical,
                         "its copy in store \"" + *row[1] + "\" is damaged; sound in " + *row[2],
                         "To copy it anew: SELECT backup_delete(" + id +
                             "); SELECT * FROM backup_copy(" + id + ", " + QuoteLiteral(*row[1]) +
                             ");");
        } else {
            findings.Add(
                *row[0], kCritical,
                "its copy in store \"" + *row[1] + "\" is damaged, and no other is sound",
                "SELECT * FROM backup_verify(" + id + ", store => " + QuoteLiteral(*row[1]) + ");");
        }
    }
}

// A copy that failed is a warning, one that is missing for a day is critical.
void CheckCopies(const Home& home, ResultSet& result) {
    Findings findings(result, "copy");
    const Rows rows = Query(home.Sql(
        "SELECT store, coalesce(schedule, ''), count(*) FILTER (WHERE attempts > 0 OR wanted_at < "
        "clock_timestamp() - interval '1 hour'), min(wanted_at), min(wanted_at) < "
        "clock_timestamp() - interval '1 day', (array_agg(error ORDER BY finished_at DESC NULLS "
        "LAST))[1] FROM @.backup_copies WHERE retry AND status <> 'succeeded' GROUP BY store, "
        "schedule ORDER BY store, schedule"));
    for (const Row& row : rows) {
        const auto late = static_cast<uint64_t>(ToInt(row[2]));
        if (late == 0) continue;
        findings.Add(*row[0], IsTrue(row[4]) ? kCritical : kWarning,
                     Count(late, "backup") + " of schedule \"" + *row[1] +
                         "\" could not be copied since " + *row[3] + ": " +
                         row[5].value_or("no attempt was made"),
                     "It is tried again until it succeeds: SELECT * FROM backup_copies WHERE store "
                     "= " +
                         QuoteLiteral(*row[0]) + " AND status <> 'succeeded';");
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
