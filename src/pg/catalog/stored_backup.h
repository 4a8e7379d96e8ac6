// A backup of the catalog, found in its store and held against what the catalog remembers of it.
#pragma once

#include "pg/catalog/restore_points.h"
#include "pg/catalog/store_access.h"

namespace lifeboat::pg {

struct StoredBackup {
    RestorePoint point;
    StoreRecord record;
    std::unique_ptr<Store> store;
    // Looks at anything, but other sums than the catalog's are damage.
    Trust trust;
};

// Checks the rights of the store's creator, and that it is the store that the catalog knows. Reads
// nothing of the backup yet.
StoredBackup FindInStore(const Home& home, const RestorePoint& point, Interrupt& interrupt);

// Restoring needs the privileges of the role that took the backup; an imported one, superuser.
void RequireBackupRights(Oid role, const RestorePoint& point);
// Whether SQL from the backup may be run: it is signed by a trusted signer, or this server took it
// and its sums are those that the catalog remembers. An imported one vouches for nothing.
bool MayRun(const RestorePoint& point, const Backup& opened) noexcept;

} // namespace lifeboat::pg
