#include "pg/run/debris.h"

#include "core/format/backup_files.h"
#include "pg/run/run_locks.h"

namespace lifeboat::pg {
namespace {

// Clocks of several machines that share a store.
constexpr std::chrono::minutes kClockSkew{10};

struct Folder {
    std::vector<std::string> files; // store-relative
    bool has_started = false;
    bool has_signature = false;
    bool committed = false;
};

std::map<std::string, Folder> ListFolders(Store& store, Interrupt& interrupt) {
    std::map<std::string, Folder> folders;
    store.List("backups", [&](const StoreObject& object) {
        interrupt.Check();
        const size_t start = std::string_view("backups/").size();
        const size_t end = object.name.find('/', start);
        if (end == std::string::npos || !IsBackupId(object.name.substr(start, end - start))) return;
        Folder& folder = folders[object.name.substr(start, end - start)];
        const std::string file = object.name.substr(end + 1);
        folder.files.push_back(object.name);
        folder.has_started |= file == kStartedFile;
        folder.committed |= file == kSumsFile;
        folder.has_signature |= file == kSignatureFile;
    });
    return folders;
}

class Cleaner {
public:
    Cleaner(Store& store, const KnownBackups& known, Interrupt& interrupt)
        : store_(store), known_(known), interrupt_(interrupt) {}

    DebrisReport Clean() {
        Judge();
        if (dead_.empty()) return report_;
        // Everything that may go is listed before the folders are looked at again: a run writes its
        // `started` before its first object, so whoever made what we have listed is seen then.
        ListCandidates();
        Judge();
        SpareUsed();
        RemoveCandidates();
        RemoveFolders();
        return report_;
    }

private:
    // Which uncommitted backups are dead and ours, and since when somebody may be at work.
    void Judge() {
        folders_ = ListFolders(store_, interrupt_);
        dead_.clear();
        limit_ = Instant::max();
        for (auto& [id, folder] : folders_) {
            interrupt_.Check();
            if (!folder.has_started || (folder.committed && folder.has_signature)) continue;
            const std::optional<Started> started = TryReadStarted(id);
            if (folder.committed) JudgeSignature(id, folder, started);
            if (folder.committed) continue;
            const Instant written = store_.Stat(BackupFile(id, kStartedFile)).modified;
            const bool ours = started && started->system_identifier == SystemIdentifier();
            const bool may_live = MayLive(id, started, written);
            if (ours && !may_live) {
                dead_.push_back(id);
            } else if (may_live) {
                limit_ = std::min(limit_, written - kClockSkew);
            }
        }
    }

    // A run of this catalog in this place whose row says that it ended.
    [[nodiscard]] bool IsKnownToHaveEnded(const std::string& id, const Started& started) const {
        return started.system_identifier == SystemIdentifier() && started.place == known_.place &&
               known_.ended.contains(id);
    }

    [[nodiscard]] bool MayLive(const std::string& id, const std::optional<Started>& started,
                               Instant written) const {
        if (known_.alive.contains(id)) return true;
        if (started && IsKnownToHaveEnded(id, *started)) return false;
        const Instant longest = written + kLongestRun;
        const Instant deadline = started ? std::min(started->deadline, longest) : longest;
        return known_.at < deadline + kClockSkew;
    }

    // A run that was killed between its sums and its signature has committed nothing. But a backup
    // that was complete once (the catalog knows it) and has lost its signature since is sacred to a
    // cleaner, and what another catalog has committed is not ours to judge.
    void JudgeSignature(const std::string& id, Folder& folder,
                        const std::optional<Started>& started) {
        if (!started || !IsKnownToHaveEnded(id, *started) || known_.catalog.contains(id)) return;
        if (ReadManifestHead(store_, id).signer) folder.committed = false;
    }

    // A file that cannot be read is somebody's: it must not stop the cleaning of what is older.
    std::optional<Started> TryReadStarted(const std::string& id) {
        try {
            return ReadStarted(store_, id);
        } catch (const Error& error) {
            if (error.code() != Errc::Damaged && error.code() != Errc::Unsupported) throw;
            return std::nullopt;
        }
    }

    void ListCandidates() {
        for (const char* prefix : {"objects", "keys"}) {
            store_.List(prefix, [&](const StoreObject& object) {
                interrupt_.Check();
                if (IsObjectName(object.name) || ParseKeyFileName(object.name))
                    candidates_.emplace(object.name, object);
            });
        }
    }

    // Only names of what is there are kept, whatever a store's lists say.
    void SpareUsed() {
        std::set<KeyId> keys;
        for (const auto& [id, folder] : folders_) {
            if (!folder.committed) continue;
            interrupt_.Check();
            for (const SumLine& line :
                 ParseSums(store_.Read(BackupFile(id, kSumsFile), kMaxManifestBytes))) {
                candidates_.erase(line.name);
            }
            const Manifest manifest = ReadManifestHead(store_, id);
            keys.insert(manifest.key_ids.begin(), manifest.key_ids.end());
        }
        std::erase_if(candidates_, [&](const auto& candidate) {
            const std::optional<KeyFile> key = ParseKeyFileName(candidate.first);
            return key && keys.contains(key->id);
        });
    }

    void RemoveCandidates() {
        for (const auto& [name, object] : candidates_) {
            interrupt_.Check();
            if (object.modified >= limit_) {
                all_removed_ = false;
                continue;
            }
            store_.Remove(name);
            ++report_.objects;
            report_.bytes += object.size;
        }
    }

    // While something younger had to stay, `started` stays too: the next cleaner comes back to it.
    void RemoveFolders() {
        for (const std::string& id : dead_) {
            for (const std::string& file : folders_[id].files) {
                if (file == BackupFile(id, kStartedFile)) continue;
                store_.Remove(file);
            }
            if (!all_removed_) continue;
            store_.Remove(BackupFile(id, kStartedFile));
            ++report_.backups;
        }
    }

    Store& store_;
    const KnownBackups& known_;
    Interrupt& interrupt_;
    std::map<std::string, Folder> folders_;
    std::vector<std::string> dead_;
    std::map<std::string, StoreObject> candidates_; // that no backup uses
    Instant limit_ = Instant::max();
    bool all_removed_ = true;
    DebrisReport report_;
};

class CleanerLock {
public:
    explicit CleanerLock(std::string store_id)
        : store_id_(std::move(store_id)), taken_(TakeCleanerLock(store_id_)) {}
    CleanerLock(const CleanerLock&) = delete;
    CleanerLock& operator=(const CleanerLock&) = delete;
    ~CleanerLock() {
        try {
            if (taken_) ReleaseCleanerLock(store_id_);
        } catch (...) { // NOLINT(bugprone-empty-catch): it goes with the process
        }
    }
    [[nodiscard]] bool taken() const noexcept { return taken_; }

private:
    std::string store_id_;
    bool taken_;
};

} // namespace

DebrisReport RemoveDebris(Store& store, const StoreRecord& record, const KnownBackups& known,
                          Interrupt& interrupt) {
    const CleanerLock lock(record.store_id);
    if (!lock.taken()) return {};
    store.RemoveStaleTemporaries();
    return Cleaner(store, known, interrupt).Clean();
}

std::set<std::string> EndedBackups(const Home& home) {
    const std::vector<std::string> ids =
        Column(Query(home.Sql("SELECT backup_id FROM @.backup_runs WHERE status NOT IN ('queued', "
                              "'running') AND backup_id IS NOT NULL")));
    return {ids.begin(), ids.end()};
}

std::set<std::string> LiveBackups(const Home& home) {
    const std::vector<std::string> ids =
        Column(Query(home.Sql("SELECT backup_id FROM @.backup_runs WHERE status IN ('queued', "
                              "'running') AND backup_id IS NOT NULL")));
    return {ids.begin(), ids.end()};
}

std::set<std::string> CatalogBackups(const Home& home, const std::string& store) {
    const std::vector<std::string> ids = Column(
        Query(home.Sql("SELECT backup_id FROM @.backup_restore_points WHERE store = $1"), {store}));
    return {ids.begin(), ids.end()};
}

} // namespace lifeboat::pg
