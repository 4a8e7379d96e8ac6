#include "pg/catalog/delete_backup.h"

#include <set>

#include "core/format/backup.h"

namespace lifeboat::pg {
namespace {

// Objects by name and run keys by id.
struct Needs {
    std::set<std::string> objects;
    std::set<KeyId> keys;
};

void AddManifest(Needs& needs, const Manifest& manifest) {
    needs.objects.insert(manifest.toc.name);
    for (const ObjectRecord& record : manifest.objects) needs.objects.insert(record.name);
    needs.keys.insert(manifest.key_ids.begin(), manifest.key_ids.end());
}

// What is not there or cannot be parsed is said by the result; a store that does not answer throws.
template <class Body>
bool Reads(Body&& body) {
    try {
        body();
        return true;
    } catch (const StoreError& error) {
        if (error.fault() != StoreFault::kNotFound) throw;
    } catch (const ServerError&) {
        throw;
    } catch (const Error& error) {
        if (error.code() == Errc::Cancelled) throw;
    }
    return false;
}

class Deletion {
public:
    Deletion(Store& store, const std::string& backup_id, Interrupt& interrupt)
        : store_(store), id_(backup_id), interrupt_(interrupt) {}

    DeleteReport Run() {
        ListFolders();
        RefuseIfReferred();
        Needs mine;
        ReadNeeds(id_, mine);
        // In this order a reader never finds a backup that lacks objects.
        store_.Remove(BackupFile(id_, kSignatureFile));
        store_.Remove(BackupFile(id_, kSumsFile));
        CollectOthers();
        if (report_.unreadable.empty()) {
            RemoveObjects(mine);
            RemoveKeys(mine);
        }
        RemoveFolder();
        return report_;
    }

private:
    void ListFolders() {
        constexpr std::string_view kFolder = "backups/";
        store_.List("backups", [&](const StoreObject& object) {
            interrupt_.Check();
            const size_t end = object.name.find('/', kFolder.size());
            if (end == std::string::npos) return;
            folders_[object.name.substr(kFolder.size(), end - kFolder.size())].insert(object.name);
        });
    }

    void RefuseIfReferred() {
        for (const auto& [other, files] : folders_) {
            if (other == id_ || files.contains(BackupFile(other, kSumsFile))) continue;
            interrupt_.Check();
            std::string reference;
            Reads([&, &name = other] {
                const Started started = ReadStarted(store_, name);
                if (started.deadline > Now()) reference = started.reference_backup;
            });
            if (reference != id_) continue;
            throw Error(Errc::WrongState, "backup " + id_ + " is needed by a run at work",
                        "Backup " + other + " is being made from it.", "Wait for its end.");
        }
    }

    // From the manifest and the list of sums, whichever can be read. False without a manifest.
    bool ReadNeeds(const std::string& id, Needs& needs) {
        interrupt_.Check();
        const bool manifest = Reads([&] {
            AddManifest(needs, ParseManifest(
                                   store_.Read(BackupFile(id, kManifestFile), kMaxManifestBytes)));
        });
        Reads([&] {
            for (const SumLine& line :
                 ParseSums(store_.Read(BackupFile(id, kSumsFile), kMaxManifestBytes))) {
                needs.objects.insert(line.name);
            }
        });
        return manifest;
    }

    void CollectOthers() {
        for (const auto& [other, files] : folders_) {
            // A signed backup that lost its signature counts as one here.
            if (other == id_ || !files.contains(BackupFile(other, kSumsFile))) continue;
            if (!ReadNeeds(other, others_) && report_.unreadable.empty()) {
                report_.unreadable = other;
            }
        }
    }

    void RemoveObjects(const Needs& mine) {
        for (const std::string& name : mine.objects) {
            interrupt_.Check();
            if (!IsObjectName(name) || others_.objects.contains(name)) continue;
            Reads([&] {
                const StoreObject object = store_.Stat(name);
                store_.Remove(name);
                ++report_.objects;
                report_.bytes += object.size;
            });
        }
    }

    void RemoveKeys(const Needs& mine) {
        for (const KeyFile& file : ListKeyFiles(store_)) {
            interrupt_.Check();
            if (!mine.keys.contains(file.id) || others_.keys.contains(file.id)) continue;
            store_.Remove(KeyFileName(file.id, file.number, file.extension));
        }
    }

    // `started` last: by it cleaners find what is left, should this be interrupted.
    void RemoveFolder() {
        const std::string started = BackupFile(id_, kStartedFile);
        for (const std::string& file : folders_[id_]) {
            if (file != started) store_.Remove(file);
        }
        store_.Remove(started);
    }

    Store& store_;
    std::string id_;
    Interrupt& interrupt_;
    std::map<std::string, std::set<std::string>> folders_;
    Needs others_;
    DeleteReport report_;
};

} // namespace

DeleteReport DeleteBackup(Store& store, const std::string& backup_id, Interrupt& interrupt) {
    return Deletion(store, backup_id, interrupt).Run();
}

} // namespace lifeboat::pg
