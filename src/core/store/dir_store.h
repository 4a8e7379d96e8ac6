// A store in a directory. Objects are written to a temporary name in the same directory
// (.tmp-<pid>-<random>), synced, linked to their name without overwriting, and the directory is
// synced; modes 0700 and 0600. Reads open below the root with O_NOFOLLOW and accept regular files
// only.
//
// The root stays open from the first use on, so that it cannot be unmounted under a run and a
// backup be begun anew in the empty mount point. A directory counts as durable only after its
// parent was synced by this object: another writer may have made it a moment ago.
#pragma once

#include <set>
#include <string>
#include <tuple>

#include "core/base/unique_fd.h"
#include "core/store/dir_unsynced.h"
#include "core/store/store.h"

namespace lifeboat {

class DirStore final : public Store {
public:
    // `root` is absolute. Nothing is created or opened here.
    explicit DirStore(std::string root);
    std::unique_ptr<Sink> Create(std::string_view name) override;
    std::unique_ptr<Source> Get(std::string_view name, ByteRange range) override;
    StoreObject Stat(std::string_view name) override;
    void List(std::string_view prefix,
              const std::function<void(const StoreObject&)>& visit) override;
    void Remove(std::string_view name) override;
    StoreProperties Properties() override;
    void DeferDurability() override { deferred_ = true; }
    void Sync(Interrupt& interrupt) override { unsynced_.Sync(interrupt); }

    // Removes temporary files whose writer (pid on this host) is gone or that are older than a day;
    // returns how many.
    size_t RemoveStaleTemporaries() override;

private:
    class FileSink;
    using KnownDirectory = std::tuple<std::string, uint64_t, int64_t>; // path, inode, birth
    // The place of an object: its open directory, and the last component of its name.
    struct Place {
        UniqueFd directory;
        std::string path; // of the directory, below the root; "" is the root
        std::string file;
    };

    using EntryFilter = std::function<bool(std::string_view name)>;
    using EntryVisitor = std::function<void(int directory, const std::string& path,
                                            const std::string& name, const StoreObject&)>;

    int Root();
    UniqueFd Enter(int parent, const std::string& path, const std::string& child, bool make);
    void MakeDurable(int parent, int directory, const std::string& path);
    // Invalid when it is absent and not to be made, or was removed while it was made.
    UniqueFd OpenDirectory(std::string_view path, bool make);
    Place Locate(std::string_view name, bool make);
    std::unique_ptr<Sink> TryCreate(std::string_view name);
    void RemoveEmptyDirectories(std::string path);
    // Every regular file below a directory whose name is wanted, temporary ones too.
    void Walk(int directory, const std::string& path, const EntryFilter& wanted,
              const EntryVisitor& visit);

    std::string root_;
    std::string url_;
    UniqueFd root_fd_;
    std::set<KnownDirectory> durable_; // whose parent was synced
    bool deferred_ = false;
    UnsyncedFiles unsynced_;
};

} // namespace lifeboat
