#include "core/format/copy_backup.h"

#include <set>

#include "core/base/count.h"
#include "core/base/error.h"
#include "core/format/copy_announcement.h"
#include "core/format/damaged.h"
#include "core/format/expect_sink.h"
#include "core/format/origins.h"
#include "core/format/recipe.h"
#include "core/io/taps.h"
#include "core/store/fallback.h"

namespace lifeboat {
namespace {

constexpr uint64_t kMaxKeyFileBytes = 1 << 20;

std::string What(const std::string& name) { return "object " + name; }

std::optional<uint64_t> SizeIn(Store& store, const std::string& name) {
    try {
        return store.Stat(name).size;
    } catch (const StoreError& error) {
        if (error.fault() != StoreFault::kNotFound) throw;
        return std::nullopt;
    }
}

bool SaysExists(const StoreError& error) { return error.fault() == StoreFault::kExists; }

class Copying {
public:
    Copying(Store& from, Store& to, Backup backup, Interrupt& interrupt, CopyProgress& progress,
            const CopyGate& gate)
        : from_(from),
          to_(to),
          interrupt_(interrupt),
          progress_(progress),
          announcement_(to, backup.manifest, progress, gate) {
        report_.backup = std::move(backup);
        to_repo_ = ReadRepo(to_);
    }

    CopyReport Run() {
        CheckStores();
        RemoveStale();
        ReadFiles();
        report_.was_complete = IsComplete();
        if (report_.was_complete) {
            SendMissing(); // what it lost since
            PutText(File(kManifestFile), manifest_);
            return std::move(report_);
        }
        try {
            announcement_.Make();
            SendMissing();
            Commit();
        } catch (...) {
            WithdrawCopy(to_, manifest().backup_id, progress_);
            throw;
        }
        return std::move(report_);
    }

private:
    [[nodiscard]] const Manifest& manifest() const { return report_.backup.manifest; }
    [[nodiscard]] std::string File(std::string_view file) const {
        return BackupFile(manifest().backup_id, file);
    }

    void CheckStores() const {
        const std::string what = "backup " + manifest().backup_id;
        if (to_repo_.store_id == report_.backup.repo.store_id)
            throw Error(Errc::WrongState, "both are the same store: " + to_repo_.store_id);
        if (manifest().encrypted == to_repo_.encryption_required) return;
        throw Error(Errc::WrongState,
                    what + " is " + (manifest().encrypted ? "" : "not ") +
                        "encrypted, and the store that it should be copied into has encryption \"" +
                        (to_repo_.encryption_required ? "required" : "none") + "\"",
                    "A store holds backups of one kind only; its encryption is fixed for its life.",
                    std::string("Copy it into a store of encryption \"") +
                        (manifest().encrypted ? "required" : "none") + "\".");
    }

    // Into a store of copies only, no run ever comes that would do it. What cannot be removed does
    // no harm.
    void RemoveStale() {
        try {
            to_.RemoveStaleTemporaries();
        } catch (const StoreError&) { // NOLINT(bugprone-empty-catch): see above
        }
    }

    // Only after the announcement is what is there sure to stay.
    void SendMissing() {
        FindMissing();
        RefuseFull();
        AcceptOrigins();
        CopyKeys();
        for (const ObjectRecord* record : missing_) Copy(*record);
        CopyKeys(); // a rotation meanwhile did not see this copy
    }

    // The texts that say what the backup is, exactly as they are stored.
    void ReadFiles() {
        sums_ = ReadAs(File(kSumsFile), kMaxManifestBytes, report_.backup.sums_digest);
        for (const SumLine& line : ParseSums(sums_, File(kSumsFile))) {
            if (line.name == File(kManifestFile))
                manifest_ = ReadAs(line.name, kMaxManifestBytes, line.sha256);
        }
        signature_ = report_.backup.signature;
    }

    std::string ReadAs(const std::string& name, uint64_t limit, const Sha256Digest& expected) {
        return ReadAnyCopy(from_, name, [&] {
            std::string text = from_.Read(name, limit);
            if (const Sha256Digest digest = Sha256Of(AsBytes(text)); digest != expected)
                ThrowDamaged(name, "Its SHA-256 is " + ToHex(digest) + ", " + ToHex(expected) +
                                       " was expected.");
            return text;
        });
    }

    // Another backup of this id is not ours to complete.
    bool IsComplete() {
        if (!HasText(File(kSumsFile), sums_)) return false;
        return !manifest().signer || HasText(File(kSignatureFile), signature_);
    }

    bool HasText(const std::string& name, const std::string& expected) {
        const std::optional<uint64_t> size = SizeIn(to_, name);
        if (!size) return false;
        if (*size != expected.size() || to_.Read(name, expected.size()) != expected)
            throw Error(Errc::Damaged, name + " is there already, with another content",
                        "It is not that of the backup which is copied.",
                        "See which of the two is sound: lifeboat verify " + manifest().backup_id +
                            " --store URL");
        return true;
    }

    void FindMissing() {
        missing_.clear();
        missing_bytes_ = 0;
        Look(manifest().toc);
        for (const ObjectRecord& record : manifest().objects) Look(record);
        progress_.bytes_total = missing_bytes_;
    }

    void Look(const ObjectRecord& record) {
        interrupt_.Check();
        const bool counted = sound_.contains(record.name);
        if (!IsThere(record)) {
            missing_.push_back(&record);
            missing_bytes_ += record.stored_bytes;
            return;
        }
        if (counted) return;
        ++report_.objects_there;
        report_.bytes_there += record.stored_bytes;
    }

    // An earlier attempt has checked what it sent. But what is there may as well be left of a copy
    // that was deleted because it was damaged, so all of it is read again. Under a commit mark
    // whatever has the right size is taken for it: to tell more is for a verification.
    bool IsThere(const ObjectRecord& record) {
        if (sound_.contains(record.name)) return SizeIn(to_, record.name).has_value();
        const std::optional<uint64_t> size = SizeIn(to_, record.name);
        if (!size) return false;
        if (*size != record.stored_bytes) {
            RefuseMisfit(record, std::to_string(*size) + " bytes instead of " +
                                     std::to_string(record.stored_bytes));
            return false;
        }
        if (report_.was_complete) return true;
        if (!HasHash(record)) {
            RefuseMisfit(record, "another content");
            return false;
        }
        sound_.insert(record.name);
        return true;
    }

    bool HasHash(const ObjectRecord& record) {
        try {
            CheckObjectHash(to_, record, interrupt_, nullptr);
            return true;
        } catch (const StoreError&) {
            throw;
        } catch (const Error& error) {
            if (error.code() != Errc::Damaged) throw;
            return false;
        }
    }

    // What is not as the manifest says is replaced, where nobody takes it for a backup and somebody
    // vouches for the manifest: else it could name objects of other backups.
    void RefuseMisfit(const ObjectRecord& record, const std::string& what) {
        misfits_.insert(record.name);
        const Backup& backup = report_.backup;
        if (!report_.was_complete && (backup.signature_checked || backup.sums_remembered)) return;
        throw Error(Errc::Damaged, What(record.name) + " is there already, with " + what,
                    "The store that is copied into holds a damaged or foreign one, which is not "
                    "overwritten " +
                        std::string(report_.was_complete
                                        ? "while the backup is listed there."
                                        : "for a backup that no trusted signer has signed."),
                    report_.was_complete ? "Delete the damaged copy there, and copy again."
                                         : "Remove it there, and copy again.");
    }

    // Nothing is removed before what replaces it was read.
    void RemoveMisfit(const ObjectRecord& record) {
        if (misfits_.erase(record.name) == 0) return;
        ReadAnyCopy(from_, record.name, [&] {
            CheckObjectHash(from_, record, interrupt_, nullptr);
            return true;
        });
        to_.Remove(record.name);
    }

    void RefuseFull() {
        const StoreProperties properties = to_.Properties();
        if (!properties.free_bytes || *properties.free_bytes >= missing_bytes_) return;
        throw Error(Errc::DiskFull, "the copy does not fit into store " + properties.url,
                    Count(missing_.size(), "object") + " with " + HumanBytes(missing_bytes_) +
                        " are missing there, and " + HumanBytes(*properties.free_bytes) +
                        " are free.",
                    "Enlarge the file system, or remove backups that are no longer needed.");
    }

    void AcceptOrigins() {
        for (const std::string& origin : OriginsOf(manifest(), report_.backup.repo))
            AcceptOrigin(to_, to_repo_, origin);
    }

    // The newest of each kind: rotation has replaced the others. One of that number that is there
    // already is as good, whatever its bytes: each store is rotated by itself.
    void CopyKeys() {
        for (const KeyId& id : manifest().key_ids) {
            interrupt_.Check();
            std::set<std::string> copied;
            for (const KeyFile& file : KeyFilesOf(from_, id)) { // highest number first
                if (!copied.insert(file.extension).second) continue;
                const std::string name = KeyFileName(file.id, file.number, file.extension);
                if (!to_.Exists(name)) CopyKey(name);
            }
            if (!copied.empty()) continue;
            throw Error(Errc::Damaged, "the store has no key file for key " + ToHex(id),
                        "Without it nobody could read the copy.");
        }
    }

    void CopyKey(const std::string& name) {
        const std::string content = from_.Read(name, kMaxKeyFileBytes);
        PutText(name, content);
        if (to_.Read(name, kMaxKeyFileBytes) == content) return;
        throw Error(Errc::StoreRefused,
                    "key file " + name + " could not be read back as it was written", {},
                    "The store keeps other bytes than it was given; do not use it.");
    }

    void Copy(const ObjectRecord& record) {
        interrupt_.Check();
        RemoveMisfit(record);
        const bool sent = ReadAnyCopy(from_, record.name, [&] { return Stream(record); });
        if (!sent && !IsThere(record))
            throw Error(Errc::StoreRefused,
                        What(record.name) +
                            " could not be created: the store says that it exists, "
                            "and does not have it");
        sound_.insert(record.name);
        ++report_.objects;
        report_.bytes += record.stored_bytes;
    }

    // False when somebody else was faster. Nothing is visible when it throws: a sink that was not
    // finished leaves nothing.
    bool Stream(const ObjectRecord& record) {
        const uint64_t done = progress_.bytes_done;
        try {
            const auto source = OpenSource(record);
            const auto sink = to_.Create(record.name);
            ExpectSink expected(record, *sink);
            ProgressTap tap(expected, progress_.bytes_done, interrupt_);
            Pump(*source, tap, interrupt_);
            tap.Finish();
            return true;
        } catch (const StoreError& error) {
            progress_.bytes_done = done;
            if (SaysExists(error)) return false;
            throw;
        } catch (...) {
            progress_.bytes_done = done;
            throw;
        }
    }

    std::unique_ptr<Source> OpenSource(const ObjectRecord& record) {
        try {
            return from_.Get(record.name);
        } catch (const StoreError& error) {
            if (error.fault() != StoreFault::kNotFound) throw;
            throw Error(Errc::Damaged, What(record.name) + " is missing",
                        "The manifest lists it, the store does not have it.");
        }
    }

    void Commit() {
        if (!announcement_.IsValid()) { // what was there may have gone
            announcement_.Make();
            SendMissing();
        }
        CheckPresent();
        PutText(File(kManifestFile), manifest_);
        interrupt_.Check();
        if (!announcement_.IsValid())
            throw Error(Errc::WrongState, File(kStartedFile) + " was taken away from the copy",
                        "Somebody who cleans the store may have taken what is there for debris.",
                        "Copy again.");
        PutText(File(kSumsFile), sums_);
        if (manifest().signer) PutText(File(kSignatureFile), signature_);
        try {
            CheckPresent(); // who cleans and did not see the announcement has not seen the mark
        } catch (...) {
            TakeMarkBack();
            throw;
        }
    }

    void CheckPresent() {
        CheckObjectsPresent(to_, {&manifest().toc, 1}, interrupt_);
        CheckObjectsPresent(to_, manifest().objects, interrupt_);
    }

    // Where the store does not let it, the next attempt sends what is missing.
    void TakeMarkBack() noexcept {
        try {
            if (manifest().signer) to_.Remove(File(kSignatureFile));
            to_.Remove(File(kSumsFile));
        } catch (...) { // NOLINT(bugprone-empty-catch): see above
        }
    }

    // Created if absent; the same that is there already is as good.
    void PutText(const std::string& name, const std::string& text) {
        if (HasText(name, text)) return;
        try {
            to_.Put(name, AsBytes(text));
        } catch (const StoreError& error) {
            if (!SaysExists(error) || !HasText(name, text)) throw;
        }
    }

    Store& from_;
    Store& to_;
    Interrupt& interrupt_;
    CopyProgress& progress_;
    CopyAnnouncement announcement_;
    Repo to_repo_;
    std::string manifest_;
    std::string sums_;
    std::string signature_;
    std::vector<const ObjectRecord*> missing_;
    uint64_t missing_bytes_ = 0;
    std::set<std::string, std::less<>> sound_;   // read and checked, by this copy
    std::set<std::string, std::less<>> misfits_; // there, and not what they should be
    CopyReport report_;
};

} // namespace

CopyReport CopyBackup(Store& from, Store& to, Backup backup, Interrupt& interrupt,
                      CopyProgress* progress, const CopyGate& gate) {
    CopyProgress nobody;
    return Copying(from, to, std::move(backup), interrupt, progress != nullptr ? *progress : nobody,
                   gate)
        .Run();
}

CopyReport CopyBackup(Store& from, Store& to, std::string_view backup_id, const Trust& trust,
                      Interrupt& interrupt, CopyProgress* progress) {
    return CopyBackup(from, to, OpenBackup(from, backup_id, trust), interrupt, progress);
}

bool CreateStoreFor(Store& to, const Backup& backup) {
    if (to.Exists(kRepoName)) return false;
    Repo repo;
    repo.store_id = RandomHex(16);
    repo.encryption_required = backup.manifest.encrypted;
    repo.created = Now();
    to.Put(kRepoName, AsBytes(FormatRepo(repo)));
    return true;
}

} // namespace lifeboat
