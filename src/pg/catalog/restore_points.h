// The catalog of backups: rows of backup_restore_points and what hangs on them.
#pragma once

#include "core/format/backup.h"
#include "pg/catalog/repository.h"

namespace lifeboat::pg {

struct RestorePoint {
    std::string backup_id;
    std::string store;
    std::string database;
    Value key;
    Value signer_id;
    Value role_name;
    Oid role_oid = InvalidOid;
    std::string status;
    bool encrypted = false;
    bool imported = false;
    bool pinned = false;
    uint64_t sequence = 0;
    std::string sums;
    bool is_copy = false;
};

// Where one backup lies in several stores.
enum class Copy { kSoundFirst, kDamagedFirst };
// An id, `latest:<database>`, or `latest` for the current database. Error(NotFound), with what
// there is.
RestorePoint FindRestorePoint(const Home& home, const std::string& id,
                              Copy copy = Copy::kSoundFirst);

// Every copy of the same backup, the given one first, then as FindRestorePoint prefers them.
std::vector<RestorePoint> FindCopies(const Home& home, const RestorePoint& point);
// The one in this store. Error(NotFound).
RestorePoint FindCopyIn(const Home& home, const std::string& id, const std::string& store);

struct CatalogEntry {
    const Manifest* manifest = nullptr;
    const std::vector<TocEntry>* toc = nullptr; // nullptr: relations are not known
    std::string sums;                           // SHA-256 of SHA256SUMS, hex
    std::string store;
    Value key;
    Oid role_oid = InvalidOid;
    std::optional<int64_t> run_id;
    bool imported = false;
    bool damaged = false;
    bool in_chain =
        true; // may be the newest of its database by which a rolled-back store is noticed
    std::vector<std::string> notes;
};
// Row, relations and chain. In a transaction.
void AddRestorePoint(const Home& home, const CatalogEntry& entry);
// The row of a copy, made of that of another. Error(WrongState) when that is gone.
void AddCopy(const Home& home, const RestorePoint& from, const std::string& store);
// The key of the catalog with the same recipients, if there is just one.
Value KeyOfRecipients(const Home& home, const Manifest& manifest);
// A damaged one is sound again only when as much was looked at as when it was found damaged.
void RecordVerified(const Home& home, const RestorePoint& point, VerifyLevel level,
                    const VerifyReport& report);
// SHA-256 of the backup's SHA256SUMS as it lies in the store, hex.
std::string SumsDigest(Store& store, const std::string& backup_id);

} // namespace lifeboat::pg
