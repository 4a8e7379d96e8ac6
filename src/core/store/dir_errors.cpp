#include "core/store/dir_errors.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <vector>

namespace lifeboat {
namespace {

std::string Quoted(std::string_view text) { return "\"" + Printable(text) + "\""; }

std::string Absolute(const DirFailure& failure) {
    std::string path(failure.root);
    if (!failure.path.empty()) path.append("/").append(failure.path);
    return path;
}

std::string UserName(uid_t uid) {
    std::vector<char> buffer(4096);
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
        return entry.pw_name;
    return std::to_string(uid);
}

bool Allowed(const std::string& path, int what) {
    return faccessat(AT_FDCWD, path.c_str(), what, AT_EACCESS) == 0;
}

// The first directory on the way that keeps this process out; else the last one that exists, else
// the file.
std::string Culprit(const std::string& path, bool writes) {
    std::string last = "/";
    for (size_t at = 0; at != std::string::npos;) {
        at = path.find('/', at + 1);
        const std::string prefix = path.substr(0, at);
        struct stat found {};
        if (stat(prefix.c_str(), &found) != 0) break;
        last = prefix;
        if (!S_ISDIR(found.st_mode)) break;
        if (!Allowed(prefix, X_OK)) return prefix;
    }
    if (writes && last == path && last.size() > 1)
        last.resize(std::max<size_t>(last.rfind('/'), 1));
    return last;
}

StoreError RefusedError(const DirFailure& failure, std::string message) {
    const bool reads =
        failure.action == "open" || failure.action == "read" || failure.action == "list";
    const std::string culprit = Culprit(Absolute(failure), !reads);
    const std::string user = UserName(geteuid());
    std::string detail;
    struct stat found {};
    if (stat(culprit.c_str(), &found) == 0) {
        char mode[8];
        std::snprintf(mode, sizeof(mode), "%04o", static_cast<unsigned>(found.st_mode & 07777));
        detail = Quoted(culprit) + " belongs to user " + Quoted(UserName(found.st_uid)) +
                 " and has mode " + mode + "; this process runs as user " + Quoted(user) + ".";
    }
    const bool above = culprit.size() < failure.root.size();
    std::string hint =
        above ? "Choose a directory that this user can enter, or run: chmod a+x " + Quoted(culprit)
              : "Run: chown " + user + " " + Quoted(culprit) + " && chmod u+rwX " + Quoted(culprit);
    return {StoreFault::kPermanent, Errc::StoreRefused, std::move(message), std::move(detail),
            std::move(hint)};
}

StoreError FullError(const DirFailure& failure, int saved_errno) {
    const std::string place = "store directory " + Quoted(failure.root);
    if (saved_errno == EDQUOT) {
        return {StoreFault::kPermanent, Errc::DiskFull,
                "disk quota exceeded in " + place + " while writing " + Quoted(failure.path),
                "The quota is that of user " + Quoted(UserName(geteuid())) + ".",
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
