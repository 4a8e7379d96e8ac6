// Things only root can arrange, undone when the scope ends.
#pragma once

#include <sys/mount.h>
#include <unistd.h>

#include <string>

namespace lifeboat::test {

inline bool IsRoot() { return geteuid() == 0; }

// Acts as an ordinary user for a while. Only for root.
class AsUser {
public:
    explicit AsUser(uid_t uid) : done_(seteuid(uid) == 0) {}
    AsUser(const AsUser&) = delete;
    AsUser& operator=(const AsUser&) = delete;
    ~AsUser() {
        if (done_ && seteuid(0) != 0) _exit(1); // a test must not go on as somebody else
    }

private:
    bool done_;
};

// A small file system in memory over a directory.
class SmallFileSystem {
public:
    SmallFileSystem(std::string path, const std::string& options)
        : path_(std::move(path)),
          mounted_(mount("tmpfs", path_.c_str(), "tmpfs", 0, options.c_str()) == 0) {}
    SmallFileSystem(const SmallFileSystem&) = delete;
    SmallFileSystem& operator=(const SmallFileSystem&) = delete;
    ~SmallFileSystem() {
        if (mounted_) umount2(path_.c_str(), MNT_DETACH);
    }
    [[nodiscard]] bool mounted() const noexcept { return mounted_; }
    [[nodiscard]] bool MakeReadOnly() const {
        return mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0;
    }

private:
    std::string path_;
    bool mounted_;
};

} // namespace lifeboat::test
