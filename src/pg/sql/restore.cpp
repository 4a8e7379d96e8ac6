// backup_restore.
#include "pg/catalog/rights.h"
#include "pg/catalog/stored_backup.h"
#include "pg/run/target_facts.h"
#include "pg/sql/restore_arguments.h"
#include "pg/sql/uncommitted.h"
#include "pg/sql/wait_run.h"

extern "C" {
#include <access/xlog.h>

PG_FUNCTION_INFO_V1(lifeboat_restore);
PGDLLEXPORT Datum lifeboat_restore(PG_FUNCTION_ARGS);
}

namespace lifeboat::pg {
namespace {

void RefuseStandby() {
    if (!RecoveryInProgress()) return;
    throw Error::WithSqlState("25006", "cannot restore on a standby",
                              "The restore must create a database.",
                              "Call it on the primary server.");
}

RunRequest MakeRequest(const RestoreArguments& arguments, Oid caller, bool wait) {
    RunRequest request;
    request.kind = "restore";
    request.requested_by = caller;
    request.acting_role = caller;
    request.wait = wait;
    request.backup_id = arguments.point.backup_id;
    request.store = arguments.point.store;
    request.database = arguments.point.database;
    request.key = arguments.point.key.value_or("");
    request.target_database = arguments.request.target_database;
    request.tables = arguments.request.tables;
    request.jobs = arguments.request.jobs;
    return request;
}

void RefuseTaken(const std::string& database, const std::string& backup_id) {
    if (!IsTaken(database, backup_id)) return;
    throw Error(Errc::Duplicate, "database \"" + database + "\" already exists",
                "A restore makes a new database and touches no other.",
                "Choose another target_database, or drop it first.");
}

void SayNotice(const std::string& text) {
    Pg([&text] { ereport(NOTICE, (errmsg_internal("%s", text.c_str()))); });
}

// What had to be read from another copy, as the restore's row says it.
void SayPassedOver(const Home& home, int64_t id) {
    for (const Row& row :
         Query(home.Sql("SELECT unnest(notes) FROM @.backup_restores WHERE id = $1::bigint"),
               {std::to_string(id)})) {
        if (row[0] && IsOfPassedOver(*row[0])) SayNotice(*row[0]);
    }
}

Datum Restore(const Call& call) {
    const Home home = RequireHome();
    RefuseStandby();
    const Oid caller = Caller();
    const bool wait = call.Bool(5, true);
    RoleScope as_owner(home.owner);
    const RestoreArguments arguments = ReadRestoreArguments(call, home);
    RequireBackupRights(caller, arguments.point);
    RequireRestoreRights(caller, LoadStore(home, arguments.point.store));
    RefuseTaken(arguments.request.target_database, arguments.point.backup_id);
    RunRequest request = MakeRequest(arguments, caller, wait);
    RefuseUncommitted(home, request);
    const int64_t id = NewRunId(home);
    request.restore_id = id;
    StartedRun run(id, request);
    const std::string target = arguments.request.target_database;
    if (wait) {
        WaitForEnd(run);
        SayPassedOver(home, id);
        SayNotice("backup " + arguments.point.backup_id + " is restored into database \"" + target +
                  "\"");
    } else {
        WaitForRow(run);
        SayNotice("backup " + arguments.point.backup_id + " is being restored into database \"" +
                  target + "\"");
    }
    return Int64GetDatum(id);
}

} // namespace
} // namespace lifeboat::pg

Datum lifeboat_restore(PG_FUNCTION_ARGS) {
    return lifeboat::pg::Boundary(
        [&] { return lifeboat::pg::Restore(lifeboat::pg::Call(fcinfo)); });
}
