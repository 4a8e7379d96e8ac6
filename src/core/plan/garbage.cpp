#include "core/plan/garbage.h"

#include <algorithm>

namespace lifeboat {
namespace {

// A run of this catalog in this place whose row says that it ended.
bool IsKnownToHaveEnded(const FolderFacts& folder, const Sweeper& sweeper) {
    return folder.started && folder.started->system_identifier == sweeper.system_identifier &&
           folder.started->place == sweeper.place && sweeper.ended.contains(folder.backup_id);
}

bool HasLostItsSums(const FolderFacts& folder, const Sweeper& sweeper) {
    if (sweeper.catalog.contains(folder.backup_id)) return true;
    const bool over = folder.started && IsTakenBack(*folder.started);
    return folder.has_manifest && !folder.has_sums && !over && !IsKnownToHaveEnded(folder, sweeper);
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
    return folder.started && folder.started->reference_backup.empty() &&
           !folder.started->place.empty();
}

} // namespace

bool IsTakenBack(const Started& started) { return started.deadline <= started.at; }

bool DependsOnStarted(const FolderFacts& folder, const Sweeper& sweeper) {
    if (!folder.has_started) return false;
    return !folder.has_sums || (!folder.has_signature && sweeper.ended.contains(folder.backup_id) &&
                                !sweeper.catalog.contains(folder.backup_id));
}

bool DependsOnSignature(const FolderFacts& folder, const Sweeper& sweeper) {
    return folder.has_sums && !folder.has_signature && IsKnownToHaveEnded(folder, sweeper) &&
           !sweeper.catalog.contains(folder.backup_id);
}

FolderState JudgeFolder(const FolderFacts& folder, const Sweeper& sweeper) {
    const bool unsigned_debris = DependsOnSignature(folder, sweeper) && folder.wants_signature;
    if (folder.has_sums && !unsigned_debris) return FolderState::kBackup;
    // Who takes the mark away ends `started`: one that has not ended was written since, by a copy.
    const bool announced =
        folder.started && folder.started->place.empty() && MayLive(folder, sweeper);
    if (sweeper.deleted.contains(folder.backup_id) && !announced) return FolderState::kDead;
    if (folder.has_started && MayLive(folder, sweeper)) return FolderState::kMayLive;
    if (HasLostItsSums(folder, sweeper)) return FolderState::kBackup;
    if (!folder.has_started) return FolderState::kOther;
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

void Candidates::Add(const StoreObject& object) {
    if (IsObjectName(object.name)) {
        objects_.emplace(object.name, object);
    } else if (const std::optional<KeyFile> key = ParseKeyFileName(object.name)) {
        keys_[key->id].push_back(object);
    }
}

void Candidates::Spare(std::string_view object) {
    if (const auto found = objects_.find(object); found != objects_.end()) objects_.erase(found);
}

Garbage Candidates::Find(const std::optional<Instant>& removable_before) const {
    Garbage garbage;
    const auto judge = [&](const StoreObject& object) {
        if (removable_before && object.modified < *removable_before) {
            garbage.removable.push_back(object);
        } else {
            garbage.all = false;
        }
    };
    for (const auto& [name, object] : objects_) judge(object);
    for (const auto& [id, files] : keys_) std::for_each(files.begin(), files.end(), judge);
    return garbage;
}

} // namespace lifeboat
