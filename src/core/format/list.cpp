#include <algorithm>
#include <set>
#include <tuple>

#include "core/base/error.h"
#include "core/format/backup.h"
#include "core/format/backup_files.h"
#include "core/format/damaged.h"

namespace lifeboat {
namespace {

constexpr std::string_view kFolder = "backups/";
constexpr uint64_t kFirstPiece = 64 << 10;
// No name in a list is longer, where nobody forged it.
constexpr size_t kMaxListedText = 1024;

// Folder → names of the files in it, of all folders that a backup id names.
using Folders = std::map<std::string, std::set<std::string, std::less<>>, std::less<>>;

Folders ListFolders(Store& store, Interrupt& interrupt) {
    Folders folders;
    store.List("backups", [&](const StoreObject& object) {
        interrupt.Check();
        std::string_view rest = object.name;
        rest.remove_prefix(kFolder.size());
        const size_t slash = rest.find('/');
        if (slash == std::string_view::npos || !IsBackupId(rest.substr(0, slash))) return;
        folders[std::string(rest.substr(0, slash))].emplace(rest.substr(slash + 1));
    });
    return folders;
}

std::string ProblemText(const Error& e) {
    return e.detail().empty() ? e.message() : e.message() + ": " + e.detail();
}

// What a list shows, of a head that nobody has vouched for: all heads of a store are held at once.
Manifest Listed(const Manifest& head) {
    for (const std::string* text : {&head.database.name, &head.database.encoding, &head.schedule,
                                    &head.role, &head.cluster.server_version}) {
        if (text->size() > kMaxListedText)
            ThrowDamaged(BackupFile(head.backup_id, kManifestFile),
                         "A name in its head has " + std::to_string(text->size()) + " bytes.");
    }
    Manifest listed;
    listed.store_id = head.store_id;
    listed.backup_id = head.backup_id;
    listed.sequence = head.sequence;
    listed.type = head.type;
    listed.schedule = head.schedule;
    listed.role = head.role;
    listed.started = head.started;
    listed.snapshot_at = head.snapshot_at;
    listed.finished = head.finished;
    listed.cluster = head.cluster;
    listed.database.oid = head.database.oid;
    listed.database.name = head.database.name;
    listed.database.encoding = head.database.encoding;
    listed.snapshot_lsn = head.snapshot_lsn;
    listed.encrypted = head.encrypted;
    listed.signer = head.signer;
    listed.totals = head.totals;
    return listed;
}

// nullopt when what lies there is debris of a run that did not finish.
std::optional<BackupEntry> ReadEntry(Store& store, const std::string& id,
                                     const std::set<std::string, std::less<>>& files) {
    BackupEntry entry;
    entry.backup_id = id;
    try {
        const Manifest head = ReadManifestHead(store, id);
        if (head.signer && !files.contains(kSignatureFile)) return std::nullopt;
        entry.manifest = Listed(head);
    } catch (const StoreError& e) {
        if (e.fault() != StoreFault::kNotFound) throw;
        entry.problem = BackupFile(id, kManifestFile) + " is missing";
    } catch (const Error& e) {
        if (e.code() != Errc::Damaged && e.code() != Errc::Unsupported) throw;
        entry.problem = ProblemText(e);
    }
    return entry;
}

uint64_t SequenceOf(const BackupEntry& entry) {
    return entry.manifest ? entry.manifest->sequence : 0;
}

using Chain = std::pair<std::string, uint32_t>; // system identifier, database oid

// The backups of one chain, by sequence.
using ChainBackups = std::vector<const Manifest*>;

std::map<Chain, ChainBackups> GroupByChain(const std::vector<BackupEntry>& entries) {
    std::map<Chain, ChainBackups> chains;
    for (const BackupEntry& entry : entries)
        if (entry.manifest)
            chains[{entry.manifest->cluster.system_identifier, entry.manifest->database.oid}]
                .push_back(&*entry.manifest);
    for (auto& [chain, backups] : chains)
        std::stable_sort(backups.begin(), backups.end(), [](const Manifest* a, const Manifest* b) {
            return a->sequence < b->sequence;
        });
    return chains;
}

struct Tip {
    const Manifest* newest = nullptr;
    const Manifest* fork = nullptr; // another one with its number
};

// Numbers count in the store that a backup was made for: of several such stores, whose backups were
// copied into this one, it is the store with the latest snapshot.
Tip TipOf(const ChainBackups& backups) {
    std::map<std::string_view, Tip> tips;
    for (const Manifest* manifest : backups) {
        Tip& tip = tips[manifest->store_id];
        const bool forked = tip.newest != nullptr && tip.newest->sequence == manifest->sequence;
        tip.fork = forked ? tip.newest : nullptr;
        tip.newest = manifest;
    }
    return std::max_element(tips.begin(), tips.end(),
                            [](const auto& a, const auto& b) {
                                return a.second.newest->snapshot_at < b.second.newest->snapshot_at;
                            })
        ->second;
}

std::string DatabaseNames(const std::map<Chain, ChainBackups>& chains) {
    std::set<std::string> names;
    for (const auto& [chain, backups] : chains)
        names.insert(Printable(backups.back()->database.name));
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "\"" : ", \"") + name + "\"";
    return text;
}

std::string DescribeChain(const Manifest& newest) {
    return "database \"" + Printable(newest.database.name) + "\" (oid " +
           std::to_string(newest.database.oid) + ") of system " + newest.cluster.system_identifier +
           ": " + newest.backup_id;
}

[[noreturn]] void ThrowNoBackup(std::string_view database,
                                const std::map<Chain, ChainBackups>& chains) {
    if (chains.empty()) throw Error(Errc::NotFound, "the store holds no backup");
    throw Error(Errc::NotFound,
                "the store holds no backup of database \"" + Printable(database) + "\"",
                "It holds backups of " + DatabaseNames(chains) + ".");
}

[[noreturn]] void ThrowSeveral(std::string_view database,
                               const std::vector<const Manifest*>& newest) {
    std::string detail;
    for (const Manifest* manifest : newest)
        detail += (detail.empty() ? "" : "; ") + DescribeChain(*manifest);
    std::string message = "the store holds backups of several databases";
    if (!database.empty()) message += " named \"" + Printable(database) + "\"";
    throw Error(Errc::WrongState, std::move(message), detail + ".",
                database.empty() ? "Name the database, or a backup id instead of \"latest\"."
                                 : "Name a backup id instead of \"latest\".");
}

} // namespace

Manifest ReadManifestHead(Store& store, std::string_view backup_id) {
    const std::string name = BackupFile(backup_id, kManifestFile);
    std::string text;
    for (uint64_t length = kFirstPiece;; length *= 16) {
        StringSink head;
        NeverInterrupted quick; // one piece
        const auto source = store.Get(name, {0, length});
        Pump(*source, head, quick);
        text = head.Take();
        if (auto manifest = ParseManifestHead(text, name)) {
            if (manifest->backup_id != backup_id)
                ThrowDamaged(name, "It is the manifest of backup " + manifest->backup_id + ".");
            return std::move(*manifest);
        }
        if (text.size() < length || length >= kMaxHeadBytes)
            ThrowDamaged(name, "It has no list of objects.");
    }
}

std::vector<BackupEntry> ListBackups(Store& store, Interrupt& interrupt) {
    return ListBackups(
        store, [](const std::string&, bool) { return true; }, interrupt);
}

std::vector<BackupEntry> ListBackups(Store& store, const WantsBackup& wanted,
                                     Interrupt& interrupt) {
    std::vector<BackupEntry> entries;
    for (const auto& [id, files] : ListFolders(store, interrupt)) {
        interrupt.Check();
        if (!files.contains(kSumsFile)) continue;
        if (files.contains(kManifestFile) && !wanted(id, files.contains(kSignatureFile))) continue;
        if (auto entry = ReadEntry(store, id, files)) entries.push_back(std::move(*entry));
    }
    std::sort(entries.begin(), entries.end(), [](const BackupEntry& a, const BackupEntry& b) {
        return std::tuple(BackupIdStart(a.backup_id), SequenceOf(a),
                          std::string_view(a.backup_id)) <
               std::tuple(BackupIdStart(b.backup_id), SequenceOf(b), std::string_view(b.backup_id));
    });
    return entries;
}

std::string FindLatest(Store& store, std::string_view database, Interrupt& interrupt) {
    const std::vector<BackupEntry> entries = ListBackups(store, interrupt);
    const auto chains = GroupByChain(entries);
    std::vector<const Manifest*> newest; // of each chain that has the name now
    for (const auto& [chain, backups] : chains) {
        const Tip tip = TipOf(backups);
        if (!database.empty() && tip.newest->database.name != database) continue;
        newest.push_back(tip.newest);
        if (tip.fork != nullptr) newest.push_back(tip.fork);
    }
    if (newest.empty()) ThrowNoBackup(database, chains);
    if (newest.size() > 1) ThrowSeveral(database, newest);
    return newest.front()->backup_id;
}

} // namespace lifeboat
