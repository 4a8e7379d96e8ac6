#include "core/plan/sweep.h"

#include <algorithm>

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
        const std::string text =
            store.Read(BackupFile(facts.backup_id, kManifestFile), kMaxManifestBytes);
        facts.wants_signature = ParseManifest(text).signer.has_value();
    });
}

Folders LookAt(Store& store, const Sweeper& sweeper, Interrupt& interrupt) {
    Folders folders = ListFolders(store, interrupt);
    for (auto& [id, folder] : folders) {
        interrupt.Check();
        FolderFacts& facts = folder.facts;
        const bool committed = facts.has_sums && facts.has_signature;
        if (facts.has_started && !committed) ReadFacts(store, facts, sweeper);
        folder.state = JudgeFolder(facts, sweeper);
    }
    return folders;
}

std::vector<FolderFacts> FactsOf(const Folders& folders) {
    std::vector<FolderFacts> facts;
    for (const auto& [id, folder] : folders) facts.push_back(folder.facts);
    return facts;
}

// False when manifest or sums cannot be read.
bool ReadNeeds(Store& store, const std::string& id, Needs& needs) {
    const auto text = [&](std::string_view file) {
        return store.Read(BackupFile(id, file), kMaxManifestBytes);
    };
    const bool manifest = Reads([&] { needs.Add(ParseManifest(text(kManifestFile))); });
    const bool sums = Reads([&] { needs.Add(ParseSums(text(kSumsFile))); });
    return manifest && sums;
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

// A deleted backup must not look like one that is being made, to nobody.
void EndStarted(Store& store, const std::string& id) {
    Started started;
    if (!Reads([&] { started = ReadStarted(store, id); })) return;
    const Instant past = Now() - 2 * kGarbageGrace;
    if (started.deadline <= past) return;
    started.deadline = past;
    store.Remove(BackupFile(id, kStartedFile));
    WriteStarted(store, id, started);
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
        const std::vector<StoreObject> there = ListCandidates();
        folders_ = LookAt(store_, sweeper_, interrupt_);
        const Needs used = CollectNeeds();
        RemoveFiles();
        if (report_.unreadable.empty()) RemoveGarbage(there, used);
        if (report_.all && report_.unreadable.empty()) RemoveStarted();
        return report_;
    }

private:
    [[nodiscard]] bool HasDead() const {
        return std::any_of(folders_.begin(), folders_.end(), [](const auto& folder) {
            return folder.second.state == FolderState::kDead;
        });
    }

    std::vector<StoreObject> ListCandidates() {
        std::vector<StoreObject> there;
        for (const char* prefix : {"objects", "keys"}) {
            store_.List(prefix, [&](const StoreObject& object) {
                interrupt_.Check();
                there.push_back(object);
            });
        }
        return there;
    }

    Needs CollectNeeds() {
        Needs used;
        for (const auto& [id, folder] : folders_) {
            interrupt_.Check();
            if (folder.state != FolderState::kBackup) continue;
            if (!ReadNeeds(store_, id, used) && report_.unreadable.empty()) report_.unreadable = id;
        }
        return used;
    }

    void RemoveFiles() {
        for (const auto& [id, folder] : folders_) {
            if (folder.state == FolderState::kDead)
                RemoveAllButStarted(store_, id, folder.files, interrupt_);
        }
    }

    void RemoveGarbage(const std::vector<StoreObject>& there, const Needs& used) {
        const Garbage garbage =
            FindGarbage(there, used, RemovableBefore(FactsOf(folders_), sweeper_));
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
    RemoveAllButStarted(store, backup_id, files, interrupt);
    EndStarted(store, backup_id);
}

} // namespace lifeboat
