// A store in a directory. Objects are written to a temporary name in the same directory (.tmp-<pid>-<random>), synced, linked to their
// name without overwriting, and the directory is synced; modes 0700 and 0600. Reads open below the root with O_NOFOLLOW and accept
// regular files only.
#pragma once

#include "core/base/unique_fd.h"
#include "core/store/store.h"

namespace lifeboat {

class DirStore final : public Store {
public:
    // `root` is absolute. Nothing is created or opened here.
    explicit DirStore(std::string root);
    std::unique_ptr<Sink> Create(std::string_view name) override;
    std::unique_ptr<Source> Get(std::string_view name, ByteRange range) override;
    StoreObject Stat(std::string_view name) override;
    void List(std::string_view prefix, const std::function<void(const StoreObject&)>& visit) override;
    void Remove(std::string_view name) override;
    StoreProperties Properties() override;

    // Removes temporary files whose writer (pid on this host) is gone or that are older than a day; returns how many.
    size_t RemoveStaleTemporaries();

private:
    std::string root_;
};

} // namespace lifeboat
