// A backup in a store: how one is committed, listed, opened and verified.
#pragma once

#include <functional>
#include <map>

#include "core/format/keyring.h"
#include "core/format/manifest.h"
#include "core/format/recipe.h"
#include "core/format/toc.h"
#include "core/store/fallback.h"

namespace lifeboat {

// --- writing
// -------------------------------------------------------------------------------------------------------------

// No run works longer: past this, whoever wrote `started` is gone.
inline constexpr std::chrono::hours kLongestRun{7 * 24};

struct Started {
    std::string system_identifier;
    std::string reference_backup; // empty: none
    Instant at{};
    Instant deadline{};
    std::string place = {}; // 64 hex: which cluster and catalog; empty: not said
};
// backups/<id>/started, before the first object.
void WriteStarted(Store& store, std::string_view backup_id, const Started& started);
// Throws Error(Damaged); StoreError kNotFound when it is not there.
Started ReadStarted(Store& store, std::string_view backup_id);

// What stands before the next backup of a database in this store. Nobody has vouched for the
// manifests of a list: a number is no more than a number, but `previous` is the newest of which
// `is_genuine`, given its id and the SHA-256 of its SHA256SUMS, says so.
struct Predecessor {
    uint64_t sequence = 0; // the highest there is; 0: none
    std::optional<PreviousBackup> previous;
};
using IsGenuine = std::function<bool(const PreviousBackup&)>;
// Backups of this store whose manifests, which never change, the caller has seen. They are not read
// again, while they have all that makes them backups.
struct KnownBackup {
    std::optional<uint64_t> sequence; // of another database: none
    bool is_signed = false;
};
using KnownBackups = std::map<std::string, KnownBackup, std::less<>>;
Predecessor FindPrevious(Store& store, std::string_view system_identifier, uint32_t database_oid,
                         const KnownBackups& known, const IsGenuine& is_genuine,
                         Interrupt& interrupt);

// Everything after the last object: toc, manifest, a Stat of every object once more, SHA256SUMS,
// and SHA256SUMS.sig when a signer is given: the last of them is the commit mark. `manifest` comes
// complete but for toc, signer and totals (of which only `tables` is taken); its objects are those
// of `toc`, in that order (an archive that the toc names as `schema` and `post` is one object).
struct Committed {
    Manifest manifest;
    Sha256Digest sums; // of SHA256SUMS as it was written
};
Committed CommitBackup(Store& store, Manifest manifest, const std::vector<TocEntry>& toc,
                       const std::optional<Key>& run_key, const SignerPrivate* signer,
                       Interrupt& interrupt);

// --- reading
// -------------------------------------------------------------------------------------------------------------

struct Trust {
    std::vector<SignerPublic> signers;
    bool allow_untrusted = false;
    bool key_given =
        false; // then clear objects and clear backups are refused in an encrypted store (downgrade)
    bool encrypted_only = false; // a clear backup is refused whatever store and signature say
    uint64_t min_sequence = 0;
    // Bytes of SHA256SUMS and of the manifest that are read when nobody vouches for them.
    uint64_t most_untrusted = kMaxManifestBytes;
    // What whoever took the backup remembers of SHA256SUMS: other sums are damage, and these need
    // no signature (but one that the manifest promises must still be there and fit).
    std::optional<Sha256Digest> sums;
    // The stores that a server's catalog knows: objects of others are refused even where the store
    // itself accepts them. Unset: whatever it accepts.
    std::optional<std::vector<std::string>> known_stores;
};

struct Backup {
    Repo repo;
    Manifest manifest;
    Sha256Digest sums_digest{}; // of SHA256SUMS itself
    std::string signature;      // SHA256SUMS.sig, where the manifest names a signer
    bool signature_checked = false;
    bool sums_remembered = false; // they are those of Trust::sums
};

// Signature → sums → manifest: Error(Untrusted) when unsigned or by another signer and not
// allow_untrusted, Error(Damaged) when sums, manifest and folder disagree, Error(NotFound) when
// there is no such backup (a run that did not finish says so).
Backup OpenBackup(Store& store, std::string_view backup_id, const Trust& trust);
// The same of several stores: the first of which it can be opened is preferred from now on. Throws
// the error of the first of all when there is none. `say` is told of those before it.
Backup OpenAnyCopy(FallbackStore& stores, std::string_view backup_id,
                   const std::function<const Trust&(size_t member)>& trust,
                   const std::function<void(size_t member, const Error& error)>& say);
// What ReadObject needs for this backup. `keys` may be null; both must outlive the context.
ReadContext MakeReadContext(const Backup& backup, Keyring* keys, Interrupt& interrupt);
// The toc, checked against the manifest (identical sets, same order).
std::vector<TocEntry> ReadToc(Store& store, const Backup& backup, const ReadContext& context);

// Ids of all committed backups (not debris), sorted by their UTC start and then sequence; damaged
// ones are listed with `problem` set.
struct BackupEntry {
    std::string backup_id;
    std::optional<Manifest> manifest; // only what a list shows: who, what, when, how much
    std::string problem;
};
std::vector<BackupEntry> ListBackups(Store& store, Interrupt& interrupt);
// Only those for which `wanted` is true: the others are not read. It is asked of those that have a
// manifest and sums; whether they are signed, it is told.
using WantsBackup = std::function<bool(const std::string& id, bool has_signature)>;
std::vector<BackupEntry> ListBackups(Store& store, const WantsBackup& wanted, Interrupt& interrupt);
// Highest sequence of that database (empty: of the only one). Several chains: Error(WrongState)
// that lists them.
std::string FindLatest(Store& store, std::string_view database, Interrupt& interrupt);

// --- verifying
// -----------------------------------------------------------------------------------------------------------

enum class VerifyLevel { kPresent, kChecksum, kContent };
std::string_view VerifyLevelName(VerifyLevel level) noexcept;
std::optional<VerifyLevel> ParseVerifyLevel(
    std::string_view text) noexcept; // "restore" is not one of the core's

struct VerifyReport {
    uint64_t objects = 0;
    uint64_t bytes = 0;
    std::vector<std::string> problems; // each names the object and what is wrong
    [[nodiscard]] bool ok() const noexcept { return problems.empty(); }
};
// Damage goes to the report, and an object that the store has but cannot read; what prevents
// looking at all (store away, key missing, cancelled) is thrown. `done` (bytes so far) may be null.
VerifyReport VerifyBackup(Store& store, std::string_view backup_id, const Trust& trust,
                          Keyring* keys, VerifyLevel level, Interrupt& interrupt,
                          std::atomic<uint64_t>* done);

} // namespace lifeboat
