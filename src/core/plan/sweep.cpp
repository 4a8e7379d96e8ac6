#include "core/plan/sweep.h"

#include <algorithm>

#include "core/format/backup_files.h"

namespace lifeboat {
namespace {

struct Folder {
    std::vector<std::string> files; // store-relative
    FolderFacts facts;
    FolderState state = FolderState::kOther;
};
using Folders = std::map<std::string, Folder>;

// What is not there or cannot be parsed is said by the result; a store that does not answer throws.
template <class Body>
bool Reads(Body&& body) {
    try {
        body();
        return true;
    } catch (const StoreError& error) {
        if (error.fault() != StoreFault::kNotFound) throw;
    } catch (const Error& error) {
        if (error.code() != Errc::Damaged && error.code() != Errc::Unsupported) throw;
    }
    return false;
}

Folders ListFolders(Store& store, Interrupt& interrupt) {
    constexpr std::string_view kPrefix = "backups/";
    Folders folders;
    store.List("backups", [&](const StoreObject& object) {
        interrupt.Check();
        const size_t end = object.name.find('/', kPrefix.size());
        if (end == std::string::npos) return;
        const std::string id = object.name.substr(kPrefix.size(), end - kPrefix.size());
        if (!IsBackupId(id)) return;
        Folder& folder = folders[id];
        const std::string_view file = std::string_view(object.name).substr(end + 1);
        folder.files.push_back(object.name);
        folder.facts.backup_id = id;
        if (file == kStartedFile) folder.facts.written = object.modified;
        folder.facts.has_started |= file == kStartedFile;
        folder.facts.has_manifest |= file == kManifestFile;
        folder.facts.has_sums |= file == kSumsFile;
        folder.facts.has_signature |= file == kSignatureFile;
    });
    return folders;
}

// A file that cannot be read is somebody's: it must not stop the cleaning of what is older.
void ReadFacts(Store& store, FolderFacts& facts, const Sweeper& sweeper) {
    Reads([&] { facts.started = ReadStarted(store, facts.backup_id); });
    if (!DependsOnSignature(facts, sweeper)) return;
    Reads([&] {
        facts.wants_signature = ReadManifestHead(store, facts.backup_id).signer.has_value();
    });
}

Folders LookAt(Store& store, const Sweeper& sweeper, Interrupt& interrupt) {
    Folders folders = ListFolders(store, interrupt);
    for (auto& [id, folder] : folders) {
        interrupt.Check();
        if (DependsOnStarted(folder.facts, sweeper)) ReadFacts(store, folder.facts, sweeper);
        folder.state = JudgeFolder(folder.facts, sweeper);
    }
    return folders;
}

std::vector<FolderFacts> FactsOf(const Folders& folders) {
    std::vector<FolderFacts> facts;
    for (const auto& [id, folder] : folders) facts.push_back(folder.facts);
    return facts;
}

// Spares whatever stands between quotes and is the name of an object or a key: a manifest's list as
// text, since nobody has vouched for it and JSON takes many times its size. Keys are named by each
// object, too: one digit that has suffered loses none.
class NameScanner final : public Sink {
public:
    explicit NameScanner(Candidates& candidates) : candidates_(candidates) {}
    void Write(Bytes bytes) override {
        for (const char c : AsText(bytes)) {
            if (c == '"') {
                SpareWord();
                word_.clear();
            } else if (word_.size() < kMostOfAName) {
                word_ += c;
            }
        }
    }
    void Finish() override {}

private:
    void SpareWord() {
        KeyId key{};
        if (word_.size() == 2 * key.size() && DecodeHex(word_, key)) candidates_.Spare(key);
        candidates_.Spare(word_);
    }

    static constexpr size_t kMostOfAName = 64; // more than any object's
    Candidates& candidates_;
    std::string word_;
};

// By its sums and by its manifest, should one of them have suffered. False when one cannot be read;
// where there are no sums, when the manifest is not whole.
bool SpareUsedBy(Store& store, const std::string& id, bool has_sums, Candidates& candidates,
                 Interrupt& interrupt) {
    const bool head = Reads([&] {
        for (const KeyId& key : ReadManifestHead(store, id).key_ids) candidates.Spare(key);
        NameScanner scanner(candidates);
        Pump(*store.Get(BackupFile(id, kManifestFile)), scanner, interrupt);
    });
    const bool rest = Reads([&] {
        if (!has_sums) {
            ParseManifest(store.Read(BackupFile(id, kManifestFile), kMaxManifestBytes));
            return;
        }
        for (const SumLine& line :
             ParseSums(store.Read(BackupFile(id, kSumsFile), kMaxManifestBytes)))
            candidates.Spare(line.name);
    });
    return head && rest;
}

void RemoveFile(Store& store, const std::string& name, Interrupt& interrupt) {
    interrupt.Check();
    store.Remove(name);
}

// First what makes it a backup: who reads it then finds none, and none that lacks objects.
void RemoveAllButStarted(Store& store, const std::string& id, const std::vector<std::string>& files,
                         Interrupt& interrupt) {
    for (const std::string_view first : {kSignatureFile, kSumsFile, kManifestFile}) {
        const std::string name = BackupFile(id, first);
        if (std::find(files.begin(), files.end(), name) != files.end())
            RemoveFile(store, name, interrupt);
    }
    for (const std::string& name : files) {
        const std::string_view file = std::string_view(name).substr(name.rfind('/') + 1);
        if (file != kStartedFile && file != kSignatureFile && file != kSumsFile &&
            file != kManifestFile)
            RemoveFile(store, name, interrupt);
    }
}

// A deleted backup must not look like one that is being made, nor like one that has lost its sums,
// to nobody. On a full disk it may: what makes room does not fail for want of it.
void EndStarted(Store& store, const std::string& id) {
    Started started;
    if (!Reads([&] { started = ReadStarted(store, id); })) return;
    const Instant past = Now() - 2 * kGarbageGrace;
    if (IsTakenBack(started) && started.deadline <= past) return;
    started.at = started.deadline = std::min(started.deadline, past);
    try {
        store.Remove(BackupFile(id, kStartedFile));
        WriteStarted(store, id, started);
    } catch (const StoreError& error) {
        if (error.code() != Errc::DiskFull) throw;
    }
}

class Sweeping {
public:
    Sweeping(Store& store, const Sweeper& sweeper, Interrupt& interrupt)
        : store_(store), sweeper_(sweeper), interrupt_(interrupt) {}

    SweepReport Run() {
        folders_ = LookAt(store_, sweeper_, interrupt_);
        if (!HasDead() && sweeper_.deleted.empty()) return report_;
        // Everything that may go is listed before the folders are looked at again: a run writes its
        // `started` before its first object, so whoever made what we have listed is seen then.
        ListCandidates();
        folders_ = LookAt(store_, sweeper_, interrupt_);
        SpareUsed();
        RemoveFiles();
        if (report_.unreadable.empty()) RemoveGarbage();
        if (report_.all && report_.unreadable.empty()) RemoveStarted();
        return report_;
    }

private:
    [[nodiscard]] bool HasDead() const {
        return std::any_of(folders_.begin(), folders_.end(), [](const auto& folder) {
            return folder.second.state == FolderState::kDead;
        });
    }

    void ListCandidates() {
        for (const char* prefix : {"objects", "keys"}) {
            store_.List(prefix, [&](const StoreObject& object) {
                interrupt_.Check();
                candidates_.Add(object);
            });
        }
    }

    void SpareUsed() {
        NoteLost();
        for (const auto& [id, folder] : folders_) {
            interrupt_.Check();
            if (folder.state != FolderState::kBackup) continue;
            if (!SpareUsedBy(store_, id, folder.facts.has_sums, candidates_, interrupt_) &&
                report_.unreadable.empty())
                report_.unreadable = id;
        }
    }

    // A list that lacks a backup of ours is not the truth, or it has suffered.
    void NoteLost() {
        for (const std::string& id : sweeper_.own) {
            const auto found = folders_.find(id);
            const bool there = found != folders_.end() && found->second.facts.has_sums;
            if (!there && !sweeper_.deleted.contains(id) && report_.unreadable.empty())
                report_.unreadable = id;
        }
    }

    void RemoveFiles() {
        for (const auto& [id, folder] : folders_) {
            if (folder.state == FolderState::kDead)
                RemoveAllButStarted(store_, id, folder.files, interrupt_);
        }
    }

    void RemoveGarbage() {
        const Garbage garbage = candidates_.Find(RemovableBefore(FactsOf(folders_), sweeper_));
        report_.all = garbage.all;
        for (const StoreObject& object : garbage.removable) {
            RemoveFile(store_, object.name, interrupt_);
            ++report_.objects;
            report_.bytes += object.size;
        }
    }

    void RemoveStarted() {
        for (const auto& [id, folder] : folders_) {
            if (folder.state != FolderState::kDead) continue;
            RemoveFile(store_, BackupFile(id, kStartedFile), interrupt_);
            report_.folders.push_back(id);
        }
    }

    Store& store_;
    const Sweeper& sweeper_;
    Interrupt& interrupt_;
    Folders folders_;
    Candidates candidates_;
    SweepReport report_;
};

} // namespace

SweepReport Sweep(Store& store, const Sweeper& sweeper, Interrupt& interrupt) {
    return Sweeping(store, sweeper, interrupt).Run();
}

std::set<std::string> LiveReferences(Store& store, const Sweeper& sweeper, Interrupt& interrupt) {
    std::set<std::string> references;
    for (const auto& [id, folder] : LookAt(store, sweeper, interrupt)) {
        const std::optional<Started>& started = folder.facts.started;
        if (folder.state == FolderState::kMayLive && started && !started->reference_backup.empty())
            references.insert(started->reference_backup);
    }
    return references;
}

void TakeMark(Store& store, const std::string& backup_id, Interrupt& interrupt) {
    std::vector<std::string> files;
    store.List(BackupFile(backup_id, ""),
               [&](const StoreObject& object) { files.push_back(object.name); });
    EndStarted(store, backup_id);
    RemoveAllButStarted(store, backup_id, files, interrupt);
}

} // namespace lifeboat
