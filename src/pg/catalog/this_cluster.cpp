#include "pg/catalog/this_cluster.h"

#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "core/crypto/key.h"
#include "core/crypto/sha256.h"

namespace lifeboat::pg {
namespace {

struct Installation {
    std::string id;
    std::string system_identifier;
    std::string data_directory;
};

Installation LoadInstallation(const Home& home) {
    const Rows rows =
        Query(home.Sql("SELECT id, system_identifier, data_directory FROM @.backup_installation"));
    if (rows.empty()) return {};
    return {*rows[0][0], *rows[0][1], *rows[0][2]};
}

bool IsHere(const std::string& system_identifier, const std::string& data_directory) {
    return system_identifier == SystemIdentifier() && data_directory == DataDirectory();
}

} // namespace

std::string DataDirectory() {
    char resolved[PATH_MAX];
    return realpath(DataDir, resolved) != nullptr ? resolved : DataDir;
}

bool IsOfThisCluster(const ScheduleRecord& schedule) {
    return IsHere(schedule.system_identifier, schedule.data_directory);
}

std::optional<std::string> WhyNotAtHome(const Home& home) {
    const Installation was = LoadInstallation(home);
    if (IsHere(was.system_identifier, was.data_directory)) return std::nullopt;
    return "The catalog belongs to system identifier " + was.system_identifier +
           " in data directory \"" + was.data_directory + "\"; this is " + SystemIdentifier() +
           " in \"" + DataDirectory() + "\".";
}

void RequireAtHome(const Home& home) {
    const std::optional<std::string> why = WhyNotAtHome(home);
    if (!why) return;
    throw Error(Errc::WrongState, "this cluster is a copy that was not adopted", *why,
                "If this copy takes over: SELECT backup_adopt();");
}

std::optional<std::string> AdoptCatalog(const Home& home) {
    const Installation was = LoadInstallation(home);
    if (IsHere(was.system_identifier, was.data_directory)) return std::nullopt;
    Execute(home.Sql("INSERT INTO @.backup_installation AS i VALUES (true, $1, $2, $3) ON CONFLICT "
                     "(only_one) DO UPDATE SET id = excluded.id, system_identifier = "
                     "excluded.system_identifier, data_directory = excluded.data_directory"),
            {RandomHex(16), SystemIdentifier(), DataDirectory()});
    return was.data_directory;
}

void AdoptBackups(const Home& home) {
    Execute(
        home.Sql("UPDATE @.backup_installation SET adopted = coalesce((SELECT "
                 "array_agg(DISTINCT system_identifier ORDER BY system_identifier) FROM "
                 "@.backup_restore_points WHERE NOT imported), '{}')"));
}

std::string Place(const Home& home) {
    char machine[HOST_NAME_MAX + 1] = {};
    (void)gethostname(machine, sizeof(machine) - 1);
    const std::string text =
        LoadInstallation(home).id + "\n" + machine + "\n" + DataDirectory() + "\n";
    return ToHex(Sha256Of(AsBytes(text)));
}

} // namespace lifeboat::pg
