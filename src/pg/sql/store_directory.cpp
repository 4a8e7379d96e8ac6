#include "pg/sql/store_directory.h"

#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>

#include "core/io/file_access.h"
#include "pg/bridge/query.h"

namespace lifeboat::pg {
namespace {

namespace fs = std::filesystem;

std::string RealPath(std::string path) {
    char resolved[PATH_MAX];
    while (!path.empty() && realpath(path.c_str(), resolved) == nullptr) {
        path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
    }
    return path.empty() ? "/" : resolved;
}

bool IsBelow(const std::string& path, const std::string& root) {
    return path == root || path.starts_with(root + "/");
}

std::vector<std::string> NamesIn(const std::string& directory) {
    std::vector<std::string> names;
    std::error_code failed; // the driver tells it better
    for (const auto& entry : fs::directory_iterator(directory, failed)) {
        const std::string name = entry.path().filename();
        if (name != "lost+found") names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string Shown(const std::vector<std::string>& names) {
    constexpr size_t kMost = 3;
    std::string text;
    for (size_t i = 0; i < std::min(names.size(), kMost); ++i)
        text += (i == 0 ? "\"" : ", \"") + Printable(names[i]) + "\"";
    if (names.size() > kMost) text += " and " + std::to_string(names.size() - kMost) + " more";
    return text;
}

} // namespace

// A backup inside what it backs up dies with it, and the server may clean it away.
void RefuseServerDirectories(const Location& location) {
    if (!location.IsDirectory()) return;
    const std::string path = RealPath(location.path);
    std::vector<std::pair<std::string, std::string>> places = {
        {"the data directory", RealPath(DataDir)},
        {"pg_wal", RealPath(DataDir + std::string("/pg_wal"))}};
    for (const Row& row : Query("SELECT spcname, pg_tablespace_location(oid) FROM pg_tablespace "
                                "WHERE pg_tablespace_location(oid) <> ''")) {
        places.emplace_back("tablespace \"" + *row[0] + "\"", RealPath(*row[1]));
    }
    for (const auto& [name, root] : places) {
        if (!IsBelow(path, root)) continue;
        throw Error(Errc::InvalidValue, "store path \"" + location.path + "\" lies inside " + name,
                    "What destroys " + name + " (" + root + ") would destroy the backups too.",
                    "Choose a directory outside of it, best on another machine's disk.");
    }
}

void RequireDirectory(const Location& location) {
    struct stat found {};
    if (!location.IsDirectory() || stat(location.path.c_str(), &found) == 0 || errno != ENOENT) {
        return;
    }
    throw Error(Errc::StoreMissing, "store directory \"" + location.path + "\" does not exist", "",
                "Make it: install -d -m 700 -o " + ThisUser() + " \"" + location.path + "\"");
}

void CheckNewDirectory(const Location& location) {
    if (!location.IsDirectory()) return;
    const std::vector<std::string> names = NamesIn(location.path);
    for (const char* key : {"recovery.key", "server.secret", "signer.key"}) {
        if (std::find(names.begin(), names.end(), key) == names.end()) continue;
        throw Error(Errc::InvalidValue,
                    "store directory \"" + location.path + "\" holds the private key " + key,
                    "Who can read the store must not find there what opens or signs its backups.",
                    "Choose an empty directory: install -d -m 700 -o " + ThisUser() + " DIR");
    }
    if (names.empty()) return;
    const std::string message = "store directory \"" + location.path + "\" is not empty";
    const std::string detail = "It holds " + Shown(names) + ".";
    Pg([&] {
        ereport(WARNING,
                (errmsg_internal("%s", message.c_str()), errdetail_internal("%s", detail.c_str()),
                 errhint("A store is best alone in its directory.")));
    });
}

} // namespace lifeboat::pg
