// Files of a directory store that have their names but are not known to be durable yet: synced
// together, so that the file system writes its journal once for many of them.
#pragma once

#include <string>
#include <vector>

#include "core/base/unique_fd.h"

namespace lifeboat {

class UnsyncedFiles {
public:
    // So many may wait: each holds two file descriptors. A server process has to set them aside.
    static constexpr size_t kMost = 32;

    explicit UnsyncedFiles(std::string root) : root_(std::move(root)) {}
    // Begins to write the file's pages; does not wait.
    static void StartWriting(int fd) noexcept;
    // `path` is the directory's, below the root.
    void Add(UniqueFd directory, std::string path, std::string file, UniqueFd fd);
    [[nodiscard]] bool full() const noexcept { return files_.size() >= kMost; }
    // Files, then their directories. When one fails all of them lose their names and its error is
    // thrown: what may not last must not be seen.
    void Sync();

private:
    struct File {
        UniqueFd directory;
        std::string path;
        std::string name;
        UniqueFd fd;
    };
    void SyncAll();

    std::string root_;
    std::vector<File> files_;
};

// Syncs a directory; 0 or errno. Some file systems cannot and say so: that counts as done.
int SyncDirectory(int directory) noexcept;

} // namespace lifeboat
