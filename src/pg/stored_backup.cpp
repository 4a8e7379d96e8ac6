#include "pg/stored_backup.h"

#include "core/format/json.h"
#include "pg/rights.h"

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

bool MayRun(const RestorePoint& point, const Backup& opened) noexcept {
    return opened.signature_checked || !point.imported;
}

} // namespace lifeboat::pg
