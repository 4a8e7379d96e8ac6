#include "core/io/file_access.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "core/base/bytes.h"

namespace lifeboat {
namespace {

bool MayEnter(const std::string& directory) {
    return faccessat(AT_FDCWD, directory.c_str(), X_OK, AT_EACCESS) == 0;
}

std::string ObstaclePath(const std::string& path, bool writes) {
    std::string last = "/";
    for (size_t at = 0; at != std::string::npos;) {
        at = path.find('/', at + 1);
        const std::string prefix = path.substr(0, at);
        struct stat found {};
        if (stat(prefix.c_str(), &found) != 0) break;
        last = prefix;
        if (!S_ISDIR(found.st_mode)) break;
        if (!MayEnter(prefix)) return prefix;
    }
    if (writes && last == path && last.size() > 1)
        last.resize(std::max<size_t>(last.rfind('/'), 1));
    return last;
}

} // namespace

std::string UserName(uid_t user) {
    std::vector<char> buffer(4096);
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
        return entry.pw_name;
    return std::to_string(user);
}

std::string ThisUser() { return UserName(geteuid()); }

std::string ModeText(mode_t mode) {
    char text[8];
    std::snprintf(text, sizeof(text), "%04o", static_cast<unsigned>(mode & 07777));
    return text;
}

std::string Obstacle::Detail() const {
    return "\"" + Printable(path) + "\" belongs to user \"" + Printable(UserName(owner)) +
           "\" and has mode " + ModeText(mode) + "; this process runs as user \"" +
           Printable(ThisUser()) + "\".";
}

std::optional<Obstacle> FindObstacle(const std::string& path, bool writes) {
    Obstacle obstacle{ObstaclePath(path, writes)};
    struct stat found {};
    if (stat(obstacle.path.c_str(), &found) != 0) return std::nullopt;
    obstacle.owner = found.st_uid;
    obstacle.mode = found.st_mode & 07777;
    return obstacle;
}

} // namespace lifeboat
