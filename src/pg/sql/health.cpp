// backup_health: what is well and what needs attention.
#include <sys/stat.h>
#include <unistd.h>

#include "core/schedule/cron.h"
#include "pg/rights.h"
#include "pg/settings.h"
#include "pg/shmem.h"
#include "pg/sql/call.h"
#include "pg/store_access.h"
#include "pg/this_cluster.h"

extern "C" {
#include <access/xlog.h>
#include <postmaster/bgworker_internals.h>

PG_FUNCTION_INFO_V1(lifeboat_health);
PGDLLEXPORT Datum lifeboat_health(PG_FUNCTION_ARGS);
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

void CheckServer(ResultSet& result) {
    Findings findings(result, "server");
    const int wanted = 1 + MaxConcurrentRuns() * (2 + DefaultWorkers());
    if (max_worker_processes < wanted) {
        findings.Add(
            "max_worker_processes", kWarning,
            "it is " + std::to_string(max_worker_processes) + "; " +
                std::to_string(MaxConcurrentRuns()) + " runs of " +
                std::to_string(DefaultWorkers()) + " workers want " + std::to_string(wanted),
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
    if (location.scheme == "file" && DeviceOf(location.path) == DeviceOf(DataDir)) {
        findings.Add(record.name, kWarning,
                     "it lies on the file system of the data directory: one disk lost, both lost",
                     "Keep backups on another disk, best on another machine.");
    }
    if (!record.encryption_required) {
        findings.Add(record.name, kWarning, "backups in it are not encrypted");
    }
    findings.Ok(record.name, record.url);
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

void CheckKeys(const Home& home, ResultSet& result) {
    Findings findings(result, "key");
    for (const KeyRecord& key : LoadKeys(home)) {
        if (!RoleExists(key.created_by)) {
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
        findings.Ok(key.name, std::to_string(key.recipients.size()) + " recovery certificates, " +
                                  (key.secret ? "server secret" : "write-only") +
                                  (key.signer ? ", signed" : ""));
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
                "database \"" + *row[0] + "\": " + *row[2] +
                    " runs in a row without success: " + row[3].value_or(""),
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
    for (const Row& row :
         Query(home.Sql("SELECT backup_id FROM @.backup_restore_points WHERE status "
                        "= 'damaged' ORDER BY taken_at"))) {
        findings.Add(*row[0], kCritical, "it is damaged",
                     "SELECT * FROM backup_verify('" + *row[0] + "');");
    }
}

Datum Health(const Call& call) {
    const Home home = RequireHome();
    ResultSet result(call.info());
    RoleScope as_owner(home.owner);
    CheckLauncher(result);
    CheckServer(result);
    CheckStores(home, result);
    CheckKeys(home, result);
    CheckSchedules(home, result);
    CheckBackups(home, result);
    return result.Done();
}

} // namespace
} // namespace lifeboat::pg

Datum lifeboat_health(PG_FUNCTION_ARGS) {
    return lifeboat::pg::Boundary([&] { return lifeboat::pg::Health(lifeboat::pg::Call(fcinfo)); });
}
