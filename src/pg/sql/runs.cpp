// backup_run, backup_cancel.
#include "pg/catalog/names.h"
#include "pg/catalog/rights.h"
#include "pg/sql/call.h"
#include "pg/sql/uncommitted.h"
#include "pg/sql/wait_run.h"

extern "C" {
#include <access/xlog.h>

PG_FUNCTION_INFO_V1(lifeboat_run);
PG_FUNCTION_INFO_V1(lifeboat_cancel);
PGDLLEXPORT Datum lifeboat_run(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_cancel(PG_FUNCTION_ARGS);
}

namespace lifeboat::pg {
namespace {

void RefuseStandby() {
    if (!RecoveryInProgress()) return;
    throw Error::WithSqlState("25006", "cannot take a backup on a standby",
                              "The run must write to the control database.",
                              "Call it on the primary server.");
}

// Where the arguments change what the schedule's owner wrote, its privileges are needed.
void CheckOverrides(const Home& home, const RunRequest& request, Oid caller) {
    if (request.schedule.empty()) return;
    const ScheduleRecord schedule = LoadSchedule(home, request.schedule);
    if (!request.database.empty() || !request.store.empty() || !request.type.empty() ||
        !request.key.empty()) {
        RequireScheduleOwner(caller, schedule);
    }
}

std::vector<std::string> DatabasesOf(const Home& home, const RunRequest& request) {
    std::string database = request.database;
    if (database.empty() && !request.schedule.empty()) {
        database = LoadSchedule(home, request.schedule).database;
    }
    if (database.empty()) {
        return {DefaultDatabase(home, "SELECT backup_run(database => 'app');")};
    }
    if (database != "*") return {LoadDatabase(database).name};
    std::vector<std::string> names;
    for (const DatabaseRecord& record : AllDatabases()) names.push_back(record.name);
    return names;
}

// One after another: each is reported, and one that fails does not keep the others from theirs.
void RunEach(const Home& home, RunRequest request, const std::vector<std::string>& databases,
             ResultSet& result) {
    std::optional<Error> failure;
    size_t failures = 0;
    for (const std::string& database : databases) {
        request.database = database;
        try {
            StartedRun run(NewRunId(home), request);
            if (request.wait) {
                WaitForEnd(run);
                result.Add({run.backup_id()});
            } else {
                WaitForRow(run);
                result.Add({NullIfEmpty(run.backup_id())});
            }
        } catch (const ServerError&) {
            throw;
        } catch (const Error& error) {
            if (databases.size() == 1 || InterruptPending) throw;
            ++failures;
            if (!failure) failure = error;
            const std::string text = "database \"" + database + "\": " + error.message();
            Pg([&text] { ereport(WARNING, (errmsg_internal("%s", text.c_str()))); });
        }
    }
    if (!failure) return;
    throw Error::WithSqlState(failure->sqlstate(),
                              std::to_string(failures) + " of " + std::to_string(databases.size()) +
                                  " databases failed, first: " + failure->message(),
                              failure->detail(), failure->hint());
}

Datum Run(const Call& call) {
    const Home home = RequireHome();
    RefuseStandby();
    ResultSet result(call.info());
    RunRequest request;
    request.schedule = call.Get(0).value_or("");
    request.database = call.Get(1).value_or("");
    request.store = call.Get(2).value_or("");
    request.type = call.Get(3).value_or("");
    request.key = call.Get(4).value_or("");
    request.wait = call.Bool(5, true);
    request.requested_by = Caller();
    request.acting_role = Caller();
    RoleScope as_owner(home.owner);
    RefuseUncommitted(home, request);
    CheckOverrides(home, request, request.requested_by);
    if (!request.schedule.empty()) {
        request.acting_role = LoadSchedule(home, request.schedule).owner;
    }
    // Early, so that bad names are refused without a row in backup_runs.
    if (!request.store.empty() || request.schedule.empty()) LoadStore(home, request.store);
    if (!request.key.empty()) LoadKey(home, request.key);
    if (!request.type.empty() && request.type != "full") {
        if (!ParseBackupType(request.type)) {
            throw Error(Errc::InvalidValue,
                        "backup type \"" + Printable(request.type) + "\" is not known", "",
                        "This version takes type => 'full'.");
        }
        ThrowNotYet("backup type \"" + request.type + "\"");
    }
    RunEach(home, request, DatabasesOf(home, request), result);
    return result.Done();
}

struct ActiveRun {
    int64_t id;
    dsm_handle handle;
    bool started;
};

std::optional<ActiveRun> FindActive(const Home& home, const std::string& id) {
    const Rows rows = Query(
        home.Sql(
            "SELECT id, handle FROM @.backup_runs WHERE status IN ('queued', 'running') "
            "AND (backup_id = $1 OR id::text = $1) UNION ALL "
            "SELECT id, handle FROM @.backup_restores WHERE status IN ('queued', "
            "'running') AND id::text = $1 UNION ALL SELECT id, handle FROM @.backup_copies WHERE "
            "status IN ('queued', 'running') AND (backup_id = $1 OR id::text = $1)"),
        {id});
    if (rows.empty()) return std::nullopt;
    const Row& row = rows[0];
    return ActiveRun{std::stoll(*row[0]), static_cast<dsm_handle>(ToInt(row[1])),
                     row[1].has_value()};
}

bool CancelStarted(const ActiveRun& active) {
    const RunSegment run = Pg([&] { return AttachRunSegment(active.handle, active.id); });
    if (run.shared == nullptr) return false;
    pg_atomic_write_u32(&run.shared->cancel_requested, 1);
    if (run.shared->run_pid != 0) WakeProcess(run.shared->run_pid);
    Pg([&run] { dsm_detach(run.segment); });
    return true;
}

// Copies that wait for their next attempt.
bool CancelWaitingCopies(const Home& home, const std::string& id) {
    return Execute(home.Sql("UPDATE @.backup_copies SET status = 'cancelled', retry = false WHERE "
                            "backup_id = $1 AND retry AND status NOT IN ('queued', 'running', "
                            "'succeeded')"),
                   {id}) > 0;
}

Datum Cancel(const Call& call) {
    const Home home = RequireHome();
    const std::string id = call.Text(0, "backup id");
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    const std::optional<ActiveRun> active = FindActive(home, id);
    if (!active && CancelWaitingCopies(home, id)) {
        AddEvent(home, RoleName(caller), "copy.cancel", id);
        return BoolGetDatum(true);
    }
    if (!active) {
        Pg([&id] {
            ereport(NOTICE, (errmsg("no run, restore or copy \"%s\" is at work", id.c_str()),
                             errhint("SELECT run_id, backup_id, phase FROM backup_progress;")));
        });
        return BoolGetDatum(false);
    }
    bool cancelled = false;
    if (active->started) {
        cancelled = CancelStarted(*active);
    } else {
        // Still in the launcher's queue.
        cancelled =
            Execute(home.Sql("UPDATE @.backup_runs SET status = 'cancelled', finished_at = "
                             "clock_timestamp(), sqlstate = '57014', error = 'the run was "
                             "cancelled' WHERE id = $1::bigint AND status = 'queued' AND pid "
                             "IS NULL"),
                    {std::to_string(active->id)}) > 0;
    }
    if (cancelled) AddEvent(home, RoleName(caller), "run.cancel", id);
    return BoolGetDatum(cancelled);
}

} // namespace
} // namespace lifeboat::pg

Datum lifeboat_run(PG_FUNCTION_ARGS) {
    return lifeboat::pg::Boundary([&] { return lifeboat::pg::Run(lifeboat::pg::Call(fcinfo)); });
}
Datum lifeboat_cancel(PG_FUNCTION_ARGS) {
    return lifeboat::pg::Boundary([&] { return lifeboat::pg::Cancel(lifeboat::pg::Call(fcinfo)); });
}
