// What may be removed from a store, decided from its lists and its small files; sweep.h does it.
//
// A folder of backups/ is a backup while its sums are there; then all that it names is used. Else
// somebody is making it, or it is debris: of a run that did not finish, or of a backup that was
// deleted. Or it has lost its sums: nothing goes of a backup that the catalog has, and where there
// is a manifest nobody but the run that has left it so, or who has said in `started` that it is
// over, may know better. Objects and key files that nothing uses go when nobody can be about to use
// them:
// - A full backup uses what it wrote itself: nothing that is younger than the `started` of one that
//   may be at work. Clocks of several machines meet there, hence kGarbageGrace.
// - Whatever takes over objects that are there already (an incremental backup, a copy from another
//   store) may want any of them: while one may be at work, nothing goes.
// Whoever takes over what a backup names must write `started` first and then look at that backup's
// commit mark: a sweeper takes the mark away first and then looks at `started`, so that one of the
// two always sees the other.
//
// A copy of a cluster has its system identifier, and perhaps its catalog. So a run is known to have
// ended only when this catalog has its row and `started` was written in this place; of any other
// the deadline must have passed, which counts at most kLongestRun from when the file was written.
#pragma once

#include <set>

#include "core/format/backup.h"

namespace lifeboat {

inline constexpr std::chrono::minutes kGarbageGrace{10};

// Who sweeps, and what it knows.
struct Sweeper {
    Instant at = Now();            // before the rest was asked for: make it first
    std::string system_identifier; // whose debris is removed; empty: whoever's
    std::string place;             // ours, as `started` says it
    std::set<std::string> alive;   // of this cluster's runs at work
    std::set<std::string> ended;   // of those that no longer are
    std::set<std::string> catalog; // not deleted: sacred, whatever has become of their files
    std::set<std::string> own;     // of these, the ones that this cluster has taken
    std::set<std::string> deleted; // whose commit mark we have taken away
};

// What a look at the folder of a backup shows.
struct FolderFacts {
    std::string backup_id;
    bool has_started = false;
    bool has_manifest = false;
    bool has_sums = false;
    bool has_signature = false;
    std::optional<Started> started; // nullopt: not there, or cannot be read
    Instant written{};              // when `started` was
    bool wants_signature = false;   // its manifest names a signer
};

enum class FolderState {
    kBackup,  // what it names is used
    kMayLive, // somebody may be making it
    kDead,    // debris that this sweeper removes
    kOther    // debris that is not this one's to remove
};
FolderState JudgeFolder(const FolderFacts& folder, const Sweeper& sweeper);
// Its time was taken from it: a deleted backup, or a copy that was given up.
bool IsTakenBack(const Started& started);
// Whether its `started` matters. What is complete and need not be doubted is not asked for it.
bool DependsOnStarted(const FolderFacts& folder, const Sweeper& sweeper);
// Whether it matters if the manifest names a signer: a run that was killed between its sums and its
// signature has committed nothing. But a backup that was complete once (the catalog knows it) and
// has lost its signature since is sacred to a sweeper, and what another catalog has committed is
// not ours to judge.
bool DependsOnSignature(const FolderFacts& folder, const Sweeper& sweeper);

// Only what is older may go; nullopt: nothing may.
std::optional<Instant> RemovableBefore(const std::vector<FolderFacts>& folders,
                                       const Sweeper& sweeper);

struct Garbage {
    std::vector<StoreObject> removable; // objects before key files
    bool all = true;                    // nothing unused had to stay
};

// What lies in objects/ and keys/, of which what is used is taken out: only names of what is there
// are held, whatever the lists of a store name.
class Candidates {
public:
    void Add(const StoreObject& object); // other names are passed over
    void Spare(std::string_view object);
    void Spare(const KeyId& key) { keys_.erase(key); }
    [[nodiscard]] Garbage Find(const std::optional<Instant>& removable_before) const;

private:
    std::map<std::string, StoreObject, std::less<>> objects_;
    std::map<KeyId, std::vector<StoreObject>> keys_;
};

} // namespace lifeboat
