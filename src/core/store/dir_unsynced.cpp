#include "core/store/dir_unsynced.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <set>

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

void UnsyncedFiles::Add(UniqueFd directory, std::string path, std::string file, UniqueFd fd) {
    files_.push_back({std::move(directory), std::move(path), std::move(file), std::move(fd)});
}

void UnsyncedFiles::SyncAll() {
    const auto fail = [this](const File& file, int saved_errno) {
        return DirError({root_, "sync", file.path + "/" + file.name}, saved_errno);
    };
    for (const File& file : files_) {
        if (fsync(file.fd.get()) != 0) throw fail(file, errno);
    }
    std::set<std::string_view> synced;
    for (const File& file : files_) {
        if (!synced.insert(file.path).second) continue;
        if (const int failed = SyncDirectory(file.directory.get()); failed != 0)
            throw fail(file, failed);
    }
}

void UnsyncedFiles::Sync() {
    try {
        SyncAll();
    } catch (const Error&) {
        for (const File& file : files_) unlinkat(file.directory.get(), file.name.c_str(), 0);
        files_.clear();
        throw;
    }
    files_.clear();
}

} // namespace lifeboat
