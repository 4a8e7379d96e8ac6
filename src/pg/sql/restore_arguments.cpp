#include "pg/sql/restore_arguments.h"

#include "pg/settings.h"

extern "C" {
#include <mb/pg_wchar.h>
}

namespace lifeboat::pg {
namespace {

constexpr int kMostJobs = 64;

void CheckMode(const std::string& mode) {
    if (mode == "create") return;
    if (mode == "replace" || mode == "merge" || mode == "append") {
        throw Error(Errc::Unsupported,
                    "restore mode \"" + mode + "\" is not supported by this version of pg_lifeboat",
                    "The name is reserved for a later version.",
                    "Restore with mode => 'create' into a new database, and copy from there.");
    }
    throw Error(Errc::InvalidValue, "restore mode \"" + Printable(mode) + "\" is not known", "",
                "This version takes mode => 'create'.");
}

int JobsOf(const Call& call, int argument) {
    if (call.IsNull(argument)) return std::clamp(DefaultWorkers(), 1, kMostJobs);
    const int64_t jobs = call.Int(argument, 0);
    if (jobs >= 1 && jobs <= kMostJobs) return static_cast<int>(jobs);
    throw Error(Errc::InvalidValue, "jobs must be between 1 and " + std::to_string(kMostJobs) +
                                        ", not " + std::to_string(jobs));
}

} // namespace

std::string DefaultTarget(const std::string& database, Instant now) {
    const std::string suffix = "_restored_" + CompactUtc(now);
    const auto room = static_cast<int>(NAMEDATALEN - 1 - suffix.size());
    const int length =
        Pg([&] { return pg_mbcliplen(database.c_str(), static_cast<int>(database.size()), room); });
    return database.substr(0, static_cast<size_t>(length)) + suffix;
}

RestoreArguments ReadRestoreArguments(const Call& call, const Home& home) {
    RestoreArguments arguments;
    CheckMode(call.Text(3, "mode"));
    arguments.point = FindRestorePoint(home, call.Text(0, "backup id"));
    RestoreRequest& request = arguments.request;
    request.target_database = call.IsNull(1) ? DefaultTarget(arguments.point.database, Now())
                                             : call.Text(1, "target database");
    request.tables = call.TextArray(2, "tables");
    for (const std::string& pattern : request.tables) TablePattern::Parse(pattern);
    request.jobs = JobsOf(call, 4);
    return arguments;
}

} // namespace lifeboat::pg
