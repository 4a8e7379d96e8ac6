#include "core/store/dir_publish.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace lifeboat {
namespace {

// NFS may repeat a request whose answer was lost, and then call our own link a clash.
bool IsSameFile(int directory, int fd, const std::string& file) {
    struct stat ours {};
    struct stat there {};
    return fstat(fd, &ours) == 0 &&
           fstatat(directory, file.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

bool KnowsNoLinks(int saved_errno) noexcept {
    return saved_errno == EPERM || saved_errno == EOPNOTSUPP || saved_errno == ENOSYS ||
           saved_errno == EMLINK;
}

} // namespace

int PublishByLink(int directory, int fd, const std::string& temporary, const std::string& file) {
    if (linkat(directory, temporary.c_str(), directory, file.c_str(), 0) != 0) {
        const int saved_errno = errno;
        if (saved_errno != EEXIST || !IsSameFile(directory, fd, file)) return saved_errno;
    }
    unlinkat(directory, temporary.c_str(), 0); // if it stays, RemoveStaleTemporaries finds it
    return 0;
}

int PublishByRename(int directory, const std::string& temporary, const std::string& file) {
    return renameat2(directory, temporary.c_str(), directory, file.c_str(), RENAME_NOREPLACE) == 0
               ? 0
               : errno;
}

int Publish(int directory, int fd, const std::string& temporary, const std::string& file) {
    const int result = PublishByLink(directory, fd, temporary, file);
    return KnowsNoLinks(result) ? PublishByRename(directory, temporary, file) : result;
}

} // namespace lifeboat
