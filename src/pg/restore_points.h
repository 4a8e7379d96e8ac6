// The catalog of backups: rows of backup_restore_points and what hangs on them.
#pragma once

#include "core/format/backup.h"
#include "pg/repository.h"

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
};

// An id, `latest:<database>`, or `latest` for the current database. Error(NotFound), with what there is.
RestorePoint FindRestorePoint(const Home& home, const std::string& id);

struct CatalogEntry {
    const Manifest* manifest = nullptr;
    const std::vector<TocEntry>* toc = nullptr; // nullptr: relations are not known
    std::string sums;                           // SHA-256 of SHA256SUMS, hex
    std::string store;
    Value key;
    Oid role_oid = InvalidOid;
    std::optional<int64_t> run_id;
    bool imported = false;
    std::vector<std::string> notes;
};
// Row, relations and chain. In a transaction.
void AddRestorePoint(const Home& home, const CatalogEntry& entry);
void RecordVerified(const Home& home, const RestorePoint& point, VerifyLevel level,
                    const VerifyReport& report);
// SHA-256 of the backup's SHA256SUMS as it lies in the store, hex.
std::string SumsDigest(Store& store, const std::string& backup_id);

} // namespace lifeboat::pg
