// Files of a directory store that have their names but are not known to be durable yet: synced
// together, so that the file system writes its journal once for many of them.
//
// They are opened anew for that. A write that failed in between is still reported then: Linux keeps
// an error of an inode until some fsync has told it (errseq_t, lib/errseq.c).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/base/interrupt.h"
#include "core/base/unique_fd.h"

namespace lifeboat {

class UnsyncedFiles {
public:
    // Opens a directory below the store's root.
    using OpenDirectory = std::function<UniqueFd(const std::string& path)>;

    UnsyncedFiles(std::string root, OpenDirectory open_directory)
        : root_(std::move(root)), open_directory_(std::move(open_directory)) {}
    // Begins to write the file's pages; does not wait.
    static void StartWriting(int fd) noexcept;
    // `path` is the directory's, below the root.
    void Add(const std::string& path, const std::string& file) { files_[path].push_back(file); }
    // Files and their directories. When one fails all of them lose their names and its error is
    // thrown: what may not last must not be seen.
    void Sync(Interrupt& interrupt);

private:
    void SyncOne(const std::string& path, const std::vector<std::string>& files,
                 Interrupt& interrupt) const;
    void RemoveAll() noexcept;

    std::string root_;
    OpenDirectory open_directory_;
    std::map<std::string, std::vector<std::string>> files_; // by directory
};

// Syncs a directory; 0 or errno. Some file systems cannot and say so: that counts as done.
int SyncDirectory(int directory) noexcept;

} // namespace lifeboat
