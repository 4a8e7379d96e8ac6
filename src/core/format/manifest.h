// manifest.json: what a backup is, without schema, table or column names. 64-bit numbers are
// strings; unknown members are ignored unless `requires` names them. JSON schema:
// docs/design/manifest.schema.json.
#pragma once

#include <map>

#include "core/base/clock.h"
#include "core/format/names.h"
#include "core/format/object.h"
#include "core/store/store.h"

namespace lifeboat {

inline constexpr uint64_t kMaxManifestBytes = 256ULL << 20;
// What stands before the list of objects. Nobody has vouched for a head when a list of backups is
// made of heads, and JSON takes many times its size in memory.
inline constexpr uint64_t kMaxHeadBytes = 16ULL << 20;
inline constexpr int kMaxManifestNesting = 8;

struct PreviousBackup {
    std::string backup_id;
    Sha256Digest sums{}; // SHA-256 of its SHA256SUMS
    bool operator==(const PreviousBackup&) const = default;
};

struct ClusterInfo {
    std::string system_identifier;
    uint32_t timeline = 0;
    std::string server_version; // "15.20 (Debian …)"
    int server_version_num = 0;
    bool operator==(const ClusterInfo&) const = default;
};

struct DatabaseInfo {
    uint32_t oid = 0;
    std::string name; // bytes as in pg_database; JSON has name or name_hex
    std::string encoding;
    std::string locale_provider; // "libc", "icu", "builtin"
    std::string collate;
    std::string ctype;
    std::string icu_locale;
    std::string collation_version;
    bool operator==(const DatabaseInfo&) const = default;
};

struct VersionedName {
    std::string name;
    std::string version;
    bool operator==(const VersionedName&) const = default;
};

struct Witness {
    std::string nonce;
    std::string xid; // own xid8
    bool operator==(const Witness&) const = default;
};

struct Totals {
    uint64_t tables = 0;
    uint64_t rows = 0;
    uint64_t raw_bytes = 0;
    uint64_t stored_bytes = 0;       // new in this backup, toc included
    uint64_t total_stored_bytes = 0; // all it needs
    uint64_t segments = 0;
    bool operator==(const Totals&) const = default;
};

struct Manifest {
    // Long, and needed in many files: compiled once.
    Manifest();
    Manifest(const Manifest& other);
    Manifest(Manifest&& other) noexcept;
    Manifest& operator=(const Manifest& other);
    Manifest& operator=(Manifest&& other) noexcept;
    ~Manifest();

    std::vector<std::string> requires_; // features a reader must know; today none
    std::string store_id;
    std::string backup_id;
    uint64_t sequence = 0;
    std::optional<PreviousBackup> previous;
    BackupType type = BackupType::kFull;
    std::string reference_backup; // empty: none
    std::string tool;             // "pg_lifeboat 0.1.0"
    std::string schedule;         // empty: ad hoc
    std::string role;             // acted as
    Instant started{};
    Instant snapshot_at{};
    Instant finished{};
    ClusterInfo cluster;
    DatabaseInfo database;
    std::vector<VersionedName> extensions;
    std::vector<VersionedName> collation_providers; // "libc" "2.36", "icu" "153.120"
    std::string snapshot_lsn;
    std::string snapshot_xmin;
    std::map<std::string, std::string> settings; // pinned: TimeZone, bytea_output, lc_monetary, …
    Compression compression;                     // of the objects this backup wrote
    bool encrypted = false;
    std::vector<Sha256Digest> recipients; // certificate fingerprints
    std::vector<KeyId> key_ids;           // all this backup needs
    std::optional<Sha256Digest> signer;   // SHA-256 of the public key (DER)
    std::optional<Witness> witness;
    std::string lref;                  // Lref(S), empty: no reference for incrementals
    std::vector<ObjectRecord> objects; // in toc order, without the toc
    ObjectRecord toc;
    Totals totals;
    bool operator==(const Manifest&) const = default;
};

// One member per line, "objects" last with one object per line: the file can be read by eye, by
// grep, and its head without its list. Throws Error(LimitExceeded) beyond kMaxManifestBytes or
// kMaxHeadBytes.
std::string FormatManifest(const Manifest& manifest);
// Throws Error(Damaged) (bounds, types, names, duplicates, totals that do not add up) or
// Error(Unsupported) (format, requires). `what` names the file in errors.
Manifest ParseManifest(std::string_view json, std::string_view what = kManifestFile);
// The manifest without its objects, from a file's first bytes: what a list of backups shows.
// nullopt when the head is longer than `head`. Nothing that needs the objects is checked (toc and
// totals are as they stand).
std::optional<Manifest> ParseManifestHead(std::string_view head,
                                          std::string_view what = kManifestFile);

// What can be computed from the objects and the toc: everything but `tables`.
Totals ComputeTotals(const Manifest& manifest);

// SHA256SUMS: `<64 hex>  <store-relative path>`, sorted by path, each line ended.
struct SumLine {
    Sha256Digest sha256{};
    std::string name;
    bool operator==(const SumLine&) const = default;
};
std::string FormatSums(std::vector<SumLine> lines);
// Sorted and without repetition, or Error(Damaged).
std::vector<SumLine> ParseSums(std::string_view text, std::string_view what = kSumsFile);

// repo.json
struct Repo {
    std::string store_id; // 32 hex
    bool encryption_required = true;
    std::vector<std::string> accepted_origins; // as repo.json says it; see origins.h
    Instant created{};
    bool operator==(const Repo&) const = default;
    // Own or accepted.
    [[nodiscard]] bool Accepts(std::string_view origin_store) const;
};
std::string FormatRepo(const Repo& repo);
Repo ParseRepo(std::string_view json); // throws Error(Damaged) or Error(Unsupported)
// Reads and parses repo.json. Error(StoreMissing) when it is not there (hint: is it mounted?).
Repo ReadRepo(Store& store);

} // namespace lifeboat
