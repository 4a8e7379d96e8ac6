#include "core/store/dir_errors.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "core/io/file_access.h"

namespace lifeboat {
namespace {

std::string Quoted(std::string_view text) { return "\"" + Printable(text) + "\""; }

std::string Absolute(const DirFailure& failure) {
    std::string path(failure.root);
    if (!failure.path.empty()) path.append("/").append(failure.path);
    return path;
}

// What to type so that nobody loses what works for him today: a store that is in use stays its
// owner's.
std::string AccessHint(const DirFailure& failure, const Obstacle& obstacle) {
    const std::string me = ThisUser();
    const std::string root(failure.root);
    if (obstacle.owner == geteuid()) return "Run: chmod u+rwX " + Quoted(obstacle.path);
    if (obstacle.path.size() < root.size())
        return "Choose a directory that this user can enter, or run: chmod a+x " +
               Quoted(obstacle.path);
    const std::string give = "Run: chown " + me + " " + Quoted(obstacle.path) + " && chmod u+rwX " +
                             Quoted(obstacle.path);
    struct stat found {};
    if (stat(root.c_str(), &found) != 0) return give;
    const uid_t owner = found.st_uid;
    const bool in_use = stat((root + "/repo.json").c_str(), &found) == 0;
    // What another has left in this user's store, or a directory that an administrator has just
    // made.
    if (owner == geteuid() || (owner == 0 && !in_use)) return give;
    const std::string name = UserName(owner);
    return "The store belongs to user " + Quoted(name) + ": run this as that user (runuser -u " +
           name + " -- …), or choose another directory.";
}

StoreError RefusedError(const DirFailure& failure, std::string message) {
    const bool reads =
        failure.action == "open" || failure.action == "read" || failure.action == "list";
    std::string detail;
    std::string hint;
    if (const auto obstacle = FindObstacle(Absolute(failure), !reads)) {
        detail = obstacle->Detail();
        hint = AccessHint(failure, *obstacle);
    }
    return {StoreFault::kPermanent, Errc::StoreRefused, std::move(message), std::move(detail),
            std::move(hint)};
}

StoreError FullError(const DirFailure& failure, int saved_errno) {
    const std::string place = "store directory " + Quoted(failure.root);
    if (saved_errno == EDQUOT) {
        return {StoreFault::kPermanent, Errc::DiskFull,
                "disk quota exceeded in " + place + " while writing " + Quoted(failure.path),
                "The quota is that of user " + Quoted(ThisUser()) + ".",
                "Raise the quota, or remove backups that are no longer needed."};
    }
    std::string detail;
    struct statvfs system {};
    if (statvfs(std::string(failure.root).c_str(), &system) == 0) {
        detail = "Its file system has " + HumanBytes(uint64_t{system.f_bavail} * system.f_frsize) +
                 " free of " + HumanBytes(uint64_t{system.f_blocks} * system.f_frsize);
        if (system.f_files != 0)
            detail += ", and room for " + std::to_string(system.f_favail) + " more files";
        detail += ".";
    }
    return {StoreFault::kPermanent, Errc::DiskFull,
            "no space left in " + place + " while writing " + Quoted(failure.path),
            std::move(detail),
            "Enlarge the file system, or remove backups that are no longer needed."};
}

bool PassesByItself(int saved_errno) noexcept {
    switch (saved_errno) {
    case EAGAIN:
    case EINTR:
    case ENFILE:
    case ESTALE:
    case ETIMEDOUT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ECONNRESET: return true;
    default: return false;
    }
}

std::string_view TypeWords(unsigned mode) noexcept {
    switch (mode & S_IFMT) {
    case S_IFLNK: return "a symbolic link";
    case S_IFDIR: return "a directory";
    case S_IFREG: return "a regular file";
    case S_IFIFO: return "a FIFO";
    case S_IFSOCK: return "a socket";
    case S_IFBLK:
    case S_IFCHR: return "a device";
    default: return "something else";
    }
}

} // namespace

StoreError DirError(const DirFailure& failure, int saved_errno) {
    const std::string place = "store directory " + Quoted(failure.root);
    const std::string what = failure.path.empty() ? place : Quoted(failure.path) + " in " + place;
    std::string message =
        "could not " + std::string(failure.action) + " " + what + ": " + ErrnoText(saved_errno);
    switch (saved_errno) {
    case EACCES:
    case EPERM: return RefusedError(failure, std::move(message));
    case EROFS:
        return {StoreFault::kPermanent, Errc::StoreRefused, std::move(message),
                "The file system of the store is mounted read-only.",
                "Remount it with \"mount -o remount,rw\", or choose another store."};
    case ENOSPC:
    case EDQUOT: return FullError(failure, saved_errno);
    case EMFILE:
        return {StoreFault::kPermanent,
                Errc::StoreRefused,
                std::move(message),
                {},
                "Raise the limit of open files (ulimit -n), or use fewer jobs."};
    default: break;
    }
    if (PassesByItself(saved_errno))
        return {StoreFault::kTransient, Errc::StoreUnreachable, std::move(message)};
    return {StoreFault::kPermanent, Errc::StoreRefused, std::move(message)};
}

StoreError RootError(std::string_view root, int saved_errno) {
    const std::string place = "store directory " + Quoted(root);
    if (saved_errno == ENOENT) {
        return {StoreFault::kPermanent,
                Errc::StoreMissing,
                place + " does not exist",
                {},
                "Is it mounted?"};
    }
    if (saved_errno == ENOTDIR) {
        return {StoreFault::kPermanent,
                Errc::StoreMissing,
                place + " is not a directory",
                {},
                "Give the path of a directory."};
    }
    return DirError({root, "open", ""}, saved_errno);
}

StoreError RootReplaced(std::string_view root) {
    return {StoreFault::kPermanent,
            Errc::StoreMissing,
            "store directory " + Quoted(root) + " is no longer the one that was opened",
            {},
            "Was its file system mounted or unmounted meanwhile?"};
}

StoreError WrongType(std::string_view root, std::string_view path, std::string_view expected,
                     unsigned mode) {
    return {
        StoreFault::kPermanent, Errc::Damaged,
        Quoted(path) + " in store directory " + Quoted(root) + " is not " + std::string(expected),
        "It is " + std::string(TypeWords(mode)) + ".",
        "Nothing of lifeboat puts one there: find out who did, and remove it."};
}

} // namespace lifeboat
