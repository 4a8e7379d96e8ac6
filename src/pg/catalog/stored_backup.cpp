#include "pg/catalog/stored_backup.h"

#include "pg/catalog/rights.h"

namespace lifeboat::pg {

StoredBackup FindInStore(const Home& home, const RestorePoint& point, Interrupt& interrupt) {
    StoredBackup backup;
    backup.point = point;
    backup.record = LoadStore(home, backup.point.store);
    RequireStoreUse(backup.record);
    backup.store = OpenRecorded(backup.record, interrupt);
    CheckIdentity(*backup.store, backup.record);
    backup.trust = CatalogTrust(home, backup.record);
    backup.trust.allow_untrusted = true;
    backup.trust.sums.emplace();
    if (!DecodeHex(backup.point.sums, *backup.trust.sums)) {
        throw Error(Errc::Internal, "the catalog's sums of backup " + backup.point.backup_id +
                                        " are not a SHA-256");
    }
    return backup;
}

void RequireBackupRights(Oid role, const RestorePoint& point) {
    if (IsSuperuser(role)) return;
    const std::string message =
        "role \"" + RoleName(role) + "\" may not restore backup " + point.backup_id;
    if (point.imported) {
        throw Error(
            Errc::Permission, message,
            "It was imported from a store, not taken by this server: that needs superuser.");
    }
    if (RoleExists(point.role_oid) && ActsFor(role, point.role_oid)) return;
    const std::string taker = RoleName(point.role_oid);
    const bool exists = RoleExists(point.role_oid);
    // Nobody is made a superuser for the sake of a restore.
    std::string hint = "Let a superuser restore it.";
    if (exists && !IsSuperuser(point.role_oid)) {
        hint = "GRANT " + QuoteIdent(taker) + " TO " + QuoteIdent(RoleName(role)) + ";";
    } else if (exists) {
        hint =
            "Let a superuser restore it. For backups to come, give the schedule to a weaker role: "
            "SELECT backup_alter_schedule(name => '…', owner => 'role');";
    }
    throw Error(Errc::Permission, message,
                "It was taken as \"" + taker + "\"" +
                    (exists && IsSuperuser(point.role_oid) ? ", a superuser" : "") +
                    ": the privileges of that role are needed.",
                hint);
}

bool MayRun(const RestorePoint& point, const Backup& opened) noexcept {
    return opened.signature_checked || !point.imported;
}

} // namespace lifeboat::pg
