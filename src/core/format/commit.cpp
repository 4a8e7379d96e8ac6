#include <algorithm>
#include <tuple>

#include "core/base/error.h"
#include "core/format/backup.h"
#include "core/format/backup_files.h"
#include "core/format/json.h"

namespace lifeboat {
namespace {

constexpr uint64_t kMaxStartedBytes = 64 << 10;
// No database has this many backups. A forged manifest may say so, and what comes after it would
// fit in no catalog.
constexpr uint64_t kMaxSequence = 1'000'000'000'000;

ObjectRecord WriteToc(Store& store, const Manifest& manifest, const std::vector<TocEntry>& toc,
                      const std::optional<Key>& run_key, Interrupt& interrupt) {
    ObjectSpec spec;
    spec.identity.store_id = manifest.store_id;
    spec.identity.backup_id = manifest.backup_id;
    spec.identity.kind = ObjectKind::kToc;
    spec.identity.lsn = manifest.snapshot_lsn;
    spec.name = TocName(manifest.backup_id, manifest.encrypted);
    spec.run_key = run_key;
    ObjectWriter writer(store, std::move(spec));
    for (const TocEntry& entry : toc) {
        interrupt.Check();
        writer.Write(AsBytes(FormatTocLine(entry)));
    }
    return writer.Finish(0);
}

void CheckManifestForCommit(const Manifest& manifest, const std::optional<Key>& run_key) {
    if (manifest.encrypted != run_key.has_value())
        throw Error(Errc::Internal,
                    "a manifest says it is " + std::string(manifest.encrypted ? "" : "not ") +
                        "encrypted, its run has " + (run_key ? "a" : "no") + " key");
    if (!IsBackupId(manifest.backup_id))
        throw Error(Errc::Internal, "\"" + Printable(manifest.backup_id) + "\" is not a backup id");
}

std::vector<SumLine> SumsOf(const Manifest& manifest, const std::string& manifest_json) {
    std::vector<SumLine> lines;
    lines.reserve(manifest.objects.size() + 2);
    lines.push_back(
        {Sha256Of(AsBytes(manifest_json)), BackupFile(manifest.backup_id, kManifestFile)});
    lines.push_back({manifest.toc.sha256, manifest.toc.name});
    for (const ObjectRecord& record : manifest.objects)
        lines.push_back({record.sha256, record.name});
    return lines;
}

// nullopt: somebody has deleted the backup since it was listed.
std::optional<std::string> ReadSumsThere(Store& store, std::string_view id) {
    try {
        return store.Read(BackupFile(id, kSumsFile), kMaxManifestBytes);
    } catch (const StoreError& error) {
        if (error.fault() != StoreFault::kNotFound) throw;
        return std::nullopt;
    }
}

} // namespace

void WriteStarted(Store& store, std::string_view backup_id, const Started& started) {
    OrderedJson json;
    json["format"] = kFormat;
    json["backup_id"] = backup_id;
    json["system_identifier"] = started.system_identifier;
    json["place"] = started.place.empty() ? OrderedJson() : OrderedJson(started.place);
    json["reference_backup"] =
        started.reference_backup.empty() ? OrderedJson() : OrderedJson(started.reference_backup);
    json["at"] = Rfc3339(started.at);
    json["deadline"] = Rfc3339(started.deadline);
    store.Put(BackupFile(backup_id, kStartedFile), AsBytes(FormatJson(json, 2) + "\n"));
}

Started ReadStarted(Store& store, std::string_view backup_id) {
    const std::string name = BackupFile(backup_id, kStartedFile);
    const Json json = ParseJson(store.Read(name, kMaxStartedBytes), name, kMaxStartedBytes);
    const JsonObject object(json, name);
    if (object.Text("backup_id") != backup_id)
        object.Refuse("backup_id", "is not that of its folder");
    Started started;
    started.system_identifier = object.Text("system_identifier");
    started.place = object.OptionalText("place");
    started.reference_backup = object.OptionalText("reference_backup");
    started.at = object.When("at");
    started.deadline = object.When("deadline");
    return started;
}

Predecessor FindPrevious(Store& store, std::string_view system_identifier, uint32_t database_oid,
                         const KnownBackups& known, const IsGenuine& is_genuine,
                         Interrupt& interrupt) {
    std::vector<std::pair<uint64_t, std::string>> chain;
    const auto add = [&chain](uint64_t sequence, const std::string& id) {
        if (sequence <= kMaxSequence) chain.emplace_back(sequence, id);
    };
    const auto is_unknown = [&](const std::string& id, bool has_signature) {
        const auto found = known.find(id);
        if (found == known.end() || (found->second.is_signed && !has_signature)) return true;
        if (found->second.sequence) add(*found->second.sequence, id);
        return false;
    };
    for (const BackupEntry& entry : ListBackups(store, is_unknown, interrupt)) {
        if (entry.manifest && entry.manifest->cluster.system_identifier == system_identifier &&
            entry.manifest->database.oid == database_oid)
            add(entry.manifest->sequence, entry.backup_id);
    }
    std::sort(chain.begin(), chain.end(), [](const auto& a, const auto& b) {
        return std::tuple(b.first, BackupIdStart(a.second), a.second) <
               std::tuple(a.first, BackupIdStart(b.second), b.second);
    });
    Predecessor found;
    if (!chain.empty()) found.sequence = chain.front().first;
    for (const auto& [sequence, id] : chain) {
        interrupt.Check();
        const auto sums = ReadSumsThere(store, id);
        if (!sums) continue;
        const PreviousBackup candidate{id, Sha256Of(AsBytes(*sums))};
        if (!is_genuine(candidate)) continue;
        found.previous = candidate;
        break;
    }
    return found;
}

Committed CommitBackup(Store& store, Manifest manifest, const std::vector<TocEntry>& toc,
                       const std::optional<Key>& run_key, const SignerPrivate* signer,
                       Interrupt& interrupt) {
    CheckManifestForCommit(manifest, run_key);
    CheckTocAgainstManifest(toc, manifest);
    manifest.toc = WriteToc(store, manifest, toc, run_key, interrupt);
    manifest.totals = ComputeTotals(manifest);
    if (signer != nullptr) manifest.signer = signer->Public().id();
    const std::string json = FormatManifest(manifest);
    // What cannot be read must not be committed.
    if (ParseManifest(json) != manifest)
        throw Error(Errc::Internal, "the manifest of backup \"" + manifest.backup_id +
                                        "\" does not read back as it is");

    CheckObjectsPresent(store, {&manifest.toc, 1}, interrupt);
    CheckObjectsPresent(store, manifest.objects, interrupt);
    const std::string sums = FormatSums(SumsOf(manifest, json));
    store.Put(BackupFile(manifest.backup_id, kManifestFile), AsBytes(json));
    interrupt.Check();
    store.Put(BackupFile(manifest.backup_id, kSumsFile), AsBytes(sums));
    if (signer != nullptr)
        store.Put(BackupFile(manifest.backup_id, kSignatureFile), signer->Sign(AsBytes(sums)));
    return {std::move(manifest), Sha256Of(AsBytes(sums))};
}

} // namespace lifeboat
