// backup_pin, backup_unpin, backup_delete.
#include "pg/catalog/copies.h"
#include "pg/catalog/rights.h"
#include "pg/catalog/stored_backup.h"
#include "pg/run/debris.h"
#include "pg/run/run_locks.h"
#include "pg/sql/call.h"

extern "C" {
PG_FUNCTION_INFO_V1(lifeboat_pin);
PG_FUNCTION_INFO_V1(lifeboat_unpin);
PG_FUNCTION_INFO_V1(lifeboat_delete);
PGDLLEXPORT Datum lifeboat_pin(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_unpin(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_delete(PG_FUNCTION_ARGS);
}

namespace lifeboat::pg {
namespace {

Datum Pin(const Call& call) {
    const Home home = RequireHome();
    const std::string id = call.Text(0, "backup id");
    const std::string reason = call.Text(1, "reason");
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    const RestorePoint point = FindRestorePoint(home, id);
    Execute(home.Sql("UPDATE @.backup_restore_points SET pinned = true, pin_reason = $2, pinned_by "
                     "= $3::oid::regrole WHERE backup_id = $1 AND status <> 'deleted'"),
            {point.backup_id, reason, std::to_string(caller)});
    AddEvent(home, RoleName(caller), "backup.pin", point.backup_id, {{"reason", reason}});
    return Datum{0};
}

Datum Unpin(const Call& call) {
    const Home home = RequireHome();
    const std::string id = call.Text(0, "backup id");
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    const RestorePoint point = FindRestorePoint(home, id);
    const uint64_t unpinned = Execute(
        home.Sql("UPDATE @.backup_restore_points SET pinned = false, pin_reason = NULL, pinned_by "
                 "= NULL WHERE backup_id = $1 AND pinned"),
        {point.backup_id});
    if (unpinned == 0) {
        Notice("backup " + point.backup_id + " is not pinned");
    } else {
        AddEvent(home, RoleName(caller), "backup.unpin", point.backup_id);
    }
    return Datum{0};
}

bool IsDeleted(const Home& home, const std::string& id) {
    return IsTrue(QueryValue(home.Sql("SELECT bool_and(status = 'deleted') FROM "
                                      "@.backup_restore_points WHERE backup_id = $1"),
                             {id}));
}

void RefuseSound(const RestorePoint& point) {
    if (point.pinned) {
        throw Error(Errc::WrongState, "backup " + point.backup_id + " is pinned", "",
                    "SELECT backup_unpin(" + QuoteLiteral(point.backup_id) + ");");
    }
    if (point.status == "damaged") return;
    throw Error(Errc::WrongState, "backup " + point.backup_id + " is not damaged",
                "Only damaged backups are deleted one by one.",
                "To see whether it is: SELECT * FROM backup_verify(" +
                    QuoteLiteral(point.backup_id) + ");");
}

// By a row that nobody pins or finds sound any more.
void LockDamaged(const Home& home, const RestorePoint& point) {
    Query(home.Sql("SELECT 1 FROM @.backup_restore_points WHERE backup_id = $1 AND store = $2 FOR "
                   "UPDATE"),
          {point.backup_id, point.store});
    RefuseSound(FindCopyIn(home, point.backup_id, point.store));
}

SweepReport DeleteFromStore(const Home& home, StoredBackup& backup) {
    const std::string& id = backup.point.backup_id;
    ServerInterrupt interrupt;
    const CleanerLock lock(backup.record.store_id, interrupt);
    LockDamaged(home, backup.point);
    Sweeper sweeper = SweeperOf(home, backup.record.name);
    if (LiveReferences(*backup.store, sweeper, interrupt).contains(id)) {
        throw Error(Errc::WrongState, "backup " + id + " is needed by a run at work",
                    "Another backup is being made from it.", "Wait for its end.");
    }
    TakeMark(*backup.store, id, interrupt);
    sweeper.deleted.insert(id);
    return Sweep(*backup.store, sweeper, interrupt);
}

Datum Delete(const Call& call) {
    const Home home = RequireHome();
    const std::string id = call.Text(0, "backup id");
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    if (IsDeleted(home, id)) {
        Notice("backup " + id + " is deleted already");
        return Datum{0};
    }
    const RestorePoint point = FindRestorePoint(home, id, Copy::kDamagedFirst);
    RefuseSound(point);
    LockStore(home, point.store);
    ServerInterrupt interrupt;
    StoredBackup backup = FindInStore(home, point, interrupt);
    const SweepReport report = DeleteFromStore(home, backup);
    Execute(home.Sql("UPDATE @.backup_restore_points SET status = 'deleted' WHERE backup_id = $1 "
                     "AND store = $2"),
            {backup.point.backup_id, backup.point.store});
    WantCopyAgain(home, backup.point.backup_id, backup.point.store);
    AddEvent(home, RoleName(caller), "backup.delete", backup.point.backup_id,
             {{"store", backup.point.store},
              {"objects", std::to_string(report.objects)},
              {"bytes", std::to_string(report.bytes)}});
    if (!report.unreadable.empty()) {
        Notice("the objects of backup " + backup.point.backup_id +
               " were kept in the store: the "
               "manifest of backup " +
               report.unreadable + " cannot be read, which may need them");
    }
    return Datum{0};
}

} // namespace
} // namespace lifeboat::pg

using lifeboat::pg::Boundary;
using lifeboat::pg::Call;

Datum lifeboat_pin(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::Pin(Call(fcinfo)); });
}
Datum lifeboat_unpin(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::Unpin(Call(fcinfo)); });
}
Datum lifeboat_delete(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::Delete(Call(fcinfo)); });
}
