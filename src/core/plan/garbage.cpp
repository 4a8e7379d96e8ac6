#include "core/plan/garbage.h"

#include <algorithm>

namespace lifeboat {
namespace {

// A run of this catalog in this place whose row says that it ended.
bool IsKnownToHaveEnded(const FolderFacts& folder, const Sweeper& sweeper) {
    return folder.started && folder.started->system_identifier == sweeper.system_identifier &&
           folder.started->place == sweeper.place && sweeper.ended.contains(folder.backup_id);
}

bool MayLive(const FolderFacts& folder, const Sweeper& sweeper) {
    if (sweeper.alive.contains(folder.backup_id)) return true;
    if (IsKnownToHaveEnded(folder, sweeper)) return false;
    const Instant longest = folder.written + kLongestRun;
    const Instant deadline = folder.started ? std::min(folder.started->deadline, longest) : longest;
    return sweeper.at < deadline + kGarbageGrace;
}

// Whoever is making it takes no object over from others. Runs say in which place they are at work;
// who copies a backup does not.
bool UsesOnlyItsOwn(const FolderFacts& folder) {
    if (BackupIdType(folder.backup_id) != BackupType::kFull) return false;
    return !folder.started ||
           (folder.started->reference_backup.empty() && !folder.started->place.empty());
}

} // namespace

bool DependsOnSignature(const FolderFacts& folder, const Sweeper& sweeper) {
    return folder.has_sums && !folder.has_signature && IsKnownToHaveEnded(folder, sweeper) &&
           !sweeper.catalog.contains(folder.backup_id);
}

FolderState JudgeFolder(const FolderFacts& folder, const Sweeper& sweeper) {
    const bool unsigned_debris = DependsOnSignature(folder, sweeper) && folder.wants_signature;
    if (folder.has_sums && !unsigned_debris) return FolderState::kBackup;
    if (sweeper.deleted.contains(folder.backup_id)) return FolderState::kDead;
    if (!folder.has_started) return FolderState::kOther;
    if (MayLive(folder, sweeper)) return FolderState::kMayLive;
    const bool ours =
        sweeper.system_identifier.empty() ||
        (folder.started && folder.started->system_identifier == sweeper.system_identifier);
    return ours ? FolderState::kDead : FolderState::kOther;
}

std::optional<Instant> RemovableBefore(const std::vector<FolderFacts>& folders,
                                       const Sweeper& sweeper) {
    Instant limit = Instant::max();
    for (const FolderFacts& folder : folders) {
        if (JudgeFolder(folder, sweeper) != FolderState::kMayLive) continue;
        if (!UsesOnlyItsOwn(folder)) return std::nullopt;
        limit = std::min<Instant>(limit, folder.written - kGarbageGrace);
    }
    return limit;
}

void Needs::Add(const Manifest& manifest) {
    objects.insert(manifest.toc.name);
    for (const ObjectRecord& record : manifest.objects) objects.insert(record.name);
    keys.insert(manifest.key_ids.begin(), manifest.key_ids.end());
}

void Needs::Add(const std::vector<SumLine>& sums) {
    for (const SumLine& line : sums) objects.insert(line.name);
}

bool Needs::Names(const std::string& name) const {
    const std::optional<KeyFile> key = ParseKeyFileName(name);
    return key ? keys.contains(key->id) : objects.contains(name);
}

Garbage FindGarbage(const std::vector<StoreObject>& there, const Needs& used,
                    const std::optional<Instant>& removable_before) {
    Garbage garbage;
    for (const StoreObject& object : there) {
        const bool ours = IsObjectName(object.name) || ParseKeyFileName(object.name);
        if (!ours || used.Names(object.name)) continue;
        if (removable_before && object.modified < *removable_before) {
            garbage.removable.push_back(object);
        } else {
            garbage.all = false;
        }
    }
    std::stable_partition(garbage.removable.begin(), garbage.removable.end(),
                          [](const StoreObject& object) { return IsObjectName(object.name); });
    return garbage;
}

} // namespace lifeboat
