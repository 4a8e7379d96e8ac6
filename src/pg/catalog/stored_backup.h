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

// A backup with all its copies, read as one, and opened.
struct ReadableBackup {
    RestorePoint point; // whose rights and key count; its store is the first of `records`
    std::vector<StoreRecord> records; // in the order they are asked
    std::vector<RestorePoint> copies; // of each
    std::unique_ptr<FallbackStore> stores;
    Backup opened;
};
struct CopyChoice {
    // Throws Error(Permission) for a store that must not be used. Empty: all.
    std::function<void(const StoreRecord&)> allowed;
    // Told of a copy that is passed over, when there is another: a whole sentence.
    std::function<void(const std::string&)> say;
    // Told the same as it happens, with the place in `copies`; may be empty.
    std::function<void(const RestorePoint& copy, const PassedOver& passed)> passed;
    std::string except_store; // not from there
};
// The error of the first copy when there is none that can be opened.
ReadableBackup OpenCopies(const Home& home, const RestorePoint& point, const CopyChoice& choice,
                          Interrupt& interrupt);
// Of what `say` was told, for people who see notes of all kinds.
bool IsOfPassedOver(std::string_view note) noexcept;

// Restoring needs the privileges of the role that took the backup; an imported one, superuser.
void RequireBackupRights(Oid role, const RestorePoint& point, const std::string& verb = "restore");
// Whether SQL from the backup may be run: it is signed by a trusted signer, or this server took it
// and its sums are those that the catalog remembers. An imported one vouches for nothing.
bool MayRun(const RestorePoint& point, const Backup& opened) noexcept;

} // namespace lifeboat::pg
