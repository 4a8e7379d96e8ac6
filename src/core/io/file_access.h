// Why the operating system keeps this process from a file or directory: whose it is, who asks.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace lifeboat {

// "postgres"; the number of a user without a name.
std::string UserName(uid_t user);
// The effective user of this process.
std::string ThisUser();
// "0600"
std::string ModeText(mode_t mode);

struct Obstacle {
    std::string path;
    uid_t owner = 0;
    mode_t mode = 0;

    // `"/srv" belongs to user "root" and has mode 0700; this process runs as user "postgres".`
    [[nodiscard]] std::string Detail() const;
};

// The first directory on the way to `path` that keeps this process out; else what is to be read, or
// the directory that is to be written (`writes`). nullopt when nothing of it can be seen.
std::optional<Obstacle> FindObstacle(const std::string& path, bool writes);

} // namespace lifeboat
