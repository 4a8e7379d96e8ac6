#include "core/store/dir_unsynced.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "core/store/dir_errors.h"

namespace lifeboat {

int SyncDirectory(int directory) noexcept {
    if (fsync(directory) == 0) return 0;
    return errno == EINVAL || errno == EOPNOTSUPP ? 0 : errno;
}

void UnsyncedFiles::StartWriting(int fd) noexcept {
    // Only a beginning: whether it worked is what fsync says.
    static_cast<void>(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
}

void UnsyncedFiles::SyncOne(const std::string& path, const std::vector<std::string>& files,
                            Interrupt& interrupt) const {
    const UniqueFd directory = open_directory_(path);
    if (!directory.valid()) throw DirError({root_, "open", path}, ENOENT);
    for (const std::string& name : files) {
        interrupt.Check();
        const UniqueFd file(
            openat(directory.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        if (!file.valid() || fsync(file.get()) != 0)
            throw DirError({root_, "sync", path + "/" + name}, errno);
    }
    if (const int failed = SyncDirectory(directory.get()); failed != 0)
        throw DirError({root_, "sync", path}, failed);
}

void UnsyncedFiles::RemoveAll() noexcept {
    for (const auto& [path, files] : files_) {
        try {
            const UniqueFd directory = open_directory_(path);
            for (const std::string& name : files) unlinkat(directory.get(), name.c_str(), 0);
        } catch (const Error&) {
            // What cannot be opened cannot be cleaned: the backup fails, the next one's cleaner
            // looks.
        }
    }
    files_.clear();
}

void UnsyncedFiles::Sync(Interrupt& interrupt) {
    try {
        for (const auto& [path, files] : files_) SyncOne(path, files, interrupt);
    } catch (const Error&) {
        RemoveAll();
        throw;
    }
    files_.clear();
}

} // namespace lifeboat
