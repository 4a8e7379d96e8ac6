// backup_copy, backup_accept_origin.
#include "pg/catalog/rights.h"
#include "pg/catalog/stored_backup.h"
#include "pg/sql/call.h"
#include "pg/sql/uncommitted.h"
#include "pg/sql/wait_run.h"

extern "C" {
#include <access/xlog.h>

PG_FUNCTION_INFO_V1(lifeboat_copy);
PG_FUNCTION_INFO_V1(lifeboat_accept_origin);
PGDLLEXPORT Datum lifeboat_copy(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_accept_origin(PG_FUNCTION_ARGS);
}

namespace lifeboat::pg {
namespace {

void RefuseStandby() {
    if (!RecoveryInProgress()) return;
    throw Error::WithSqlState("25006", "cannot copy a backup on a standby",
                              "The copy must be written down in the control database.",
                              "Call it on the primary server.");
}

// Early, so that what cannot be is refused without a row in backup_copies.
void CheckStores(const Home& home, const RestorePoint& point, const StoreRecord& to) {
    RequireStoreUse(to);
    if (to.encryption_required != point.encrypted) {
        throw Error(Errc::WrongState,
                    "backup " + point.backup_id + " is " + (point.encrypted ? "" : "not ") +
                        "encrypted, and store \"" + to.name + "\" has encryption \"" +
                        (to.encryption_required ? "required" : "none") + "\"",
                    "A store holds backups of one kind only; its encryption is fixed for its life.",
                    std::string("Copy it into a store of encryption \"") +
                        (point.encrypted ? "required" : "none") + "\".");
    }
    for (const RestorePoint& copy : FindCopies(home, point)) {
        if (copy.store != to.name) return;
    }
    throw Error(Errc::WrongState,
                "backup " + point.backup_id + " lies in store \"" + to.name + "\" only",
                "There is no other copy to copy it from.");
}

Datum CopyInto(const Call& call) {
    const Home home = RequireHome();
    RefuseStandby();
    const std::string id = call.Text(0, "backup id");
    const std::string store = call.Text(1, "store name");
    ResultSet result(call.info());
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    const RestorePoint point = FindRestorePoint(home, id);
    RequireBackupRights(caller, point, "copy");
    CheckStores(home, point, LoadStore(home, store));
    RunRequest request;
    request.kind = "copy";
    request.backup_id = point.backup_id;
    request.store = store;
    request.database = point.database;
    request.requested_by = caller;
    request.acting_role = caller;
    request.wait = true;
    RefuseUncommitted(home, request);
    const auto started = std::chrono::steady_clock::now();
    StartedRun run(NewRunId(home), request);
    WaitForEnd(run);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
    result.Add({point.backup_id, store,
                std::to_string(pg_atomic_read_u64(&run.shared()->objects_done)),
                std::to_string(pg_atomic_read_u64(&run.shared()->stored_bytes)),
                SecondsText(elapsed.count())});
    return result.Done();
}

Datum AcceptOriginOf(const Call& call) {
    const Home home = RequireHome();
    const std::string store = call.Text(0, "store name");
    const std::string origin = call.Text(1, "origin");
    if (!IsStoreId(origin)) {
        throw Error(Errc::InvalidValue, "\"" + Printable(origin) + "\" is not a store id",
                    "A store id is 32 lower-case hexadecimal characters: store_id in repo.json, "
                    "and the name of a file in the folder origins.");
    }
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    const StoreRecord record = LoadStore(home, store);
    RequireCreator(caller, record.created_by, "store", store);
    Execute(home.Sql("UPDATE @.backup_stores SET accepted_origins = array_append(accepted_origins, "
                     "$2) WHERE "
                     "name = $1 AND $2 <> ALL (accepted_origins)"),
            {store, origin});
    AddEvent(home, RoleName(caller), "store.accept_origin", store, {{"origin", origin}});
    return Datum{0};
}

} // namespace
} // namespace lifeboat::pg

using lifeboat::pg::Boundary;
using lifeboat::pg::Call;

Datum lifeboat_copy(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::CopyInto(Call(fcinfo)); });
}
Datum lifeboat_accept_origin(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::AcceptOriginOf(Call(fcinfo)); });
}
