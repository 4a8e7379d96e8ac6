#include "cli/restore/preflight.h"

#include <gnu/libc-version.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "cli/terminal.h"

namespace lifeboat::cli {
namespace {

constexpr const char* kCollationVersions = R"sql(
SELECT CASE collprovider WHEN 'c' THEN 'libc' ELSE 'icu' END, max(version)
FROM (SELECT collprovider, pg_catalog.pg_collation_actual_version(oid) AS version
      FROM pg_catalog.pg_collation WHERE collprovider = 'c' OR collname = 'und-x-icu') AS known
WHERE version IS NOT NULL GROUP BY 1)sql";

std::vector<std::string> Column(Connection& connection, const std::string& sql) {
    const PgResult result = connection.Exec(sql);
    std::vector<std::string> values;
    for (int row = 0; row < result.rows(); ++row) values.push_back(result.Text(row, 0));
    return values;
}

std::vector<VersionedName> Versions(Connection& connection, const std::string& sql) {
    const PgResult result = connection.Exec(sql);
    std::vector<VersionedName> values;
    for (int row = 0; row < result.rows(); ++row)
        values.push_back({result.Text(row, 0), result.Text(row, 1)});
    return values;
}

// Known only on the same machine: over a Unix socket, where the directory can be looked at.
std::optional<uint64_t> FreeBytes(Connection& connection) {
    const char* host = PQhost(connection.handle());
    if (host == nullptr || *host != '/') return std::nullopt;
    const PgResult directory =
        connection.Exec("SELECT setting FROM pg_catalog.pg_settings WHERE name = 'data_directory'");
    struct statvfs status {};
    if (directory.rows() == 0 || ::statvfs(directory.Text(0, 0).c_str(), &status) != 0)
        return std::nullopt;
    return static_cast<uint64_t>(status.f_bavail) * status.f_frsize;
}

// Where only the C locales are installed the server knows no version of libc; on the same machine
// it is ours.
VersionedName UnknownLibc(Connection& connection) {
    const char* host = PQhost(connection.handle());
    const bool here = host != nullptr && *host == '/';
    return {"libc", here ? gnu_get_libc_version() : "not known"};
}

// lc_monetary takes any locale the system knows, so it can be asked without creating anything.
std::vector<std::string> MissingLocales(Connection& connection, const DatabaseInfo& database) {
    std::vector<std::string> missing;
    for (const auto& locale : {database.collate, database.ctype}) {
        if (locale.empty() || (!missing.empty() && missing.back() == locale)) continue;
        connection.Exec("BEGIN");
        try {
            connection.Query("SELECT pg_catalog.set_config('lc_monetary', $1, true)", {locale});
        } catch (const TargetError& error) {
            missing.push_back(locale);
        }
        connection.Exec("ROLLBACK");
    }
    return missing;
}

} // namespace

TargetFacts GatherFacts(Connection& connection, const Manifest& manifest,
                        const std::string& target_database) {
    TargetFacts facts;
    facts.server_version_num = connection.server_version();
    facts.database_exists =
        LookAtTarget(connection, target_database, manifest.backup_id).state == TargetState::kTaken;
    const PgResult role = connection.Exec(
        "SELECT rolname, rolsuper, rolsuper OR rolcreatedb "
        "FROM pg_catalog.pg_roles WHERE rolname = current_user");
    facts.role = role.Text(0, 0);
    facts.is_superuser = role.True(0, 1);
    facts.can_create_database = role.True(0, 2);
    facts.roles = Column(connection, "SELECT rolname FROM pg_catalog.pg_roles");
    facts.tablespaces = Column(connection, "SELECT spcname FROM pg_catalog.pg_tablespace");
    facts.available_extensions = Versions(
        connection, "SELECT name, version FROM pg_catalog.pg_available_extension_versions");
    facts.collation_providers = Versions(connection, kCollationVersions);
    const auto is_libc = [](const VersionedName& provider) { return provider.name == "libc"; };
    if (std::ranges::none_of(facts.collation_providers, is_libc)) {
        facts.collation_providers.push_back(UnknownLibc(connection));
    }
    facts.free_bytes = FreeBytes(connection);
    facts.locales_missing = MissingLocales(connection, manifest.database);
    return facts;
}

std::vector<PlanStep> PlanFor(const Session& session, const TargetFacts& facts,
                              const RestoreRequest& request) {
    ArchiveFacts archive;
    if (const TocEntry* schema = session.Find(ObjectKind::kSchema); schema != nullptr) {
        archive.roles = schema->detail.roles;
        archive.tablespaces = schema->detail.tablespaces;
    }
    return MakeRestorePlan(session.manifest(), session.toc(), archive, facts, request);
}

void RequireReady(const std::vector<PlanStep>& plan) {
    std::string reasons;
    for (const auto& step : plan) {
        const std::string text = step.action +
                                 (step.object.empty() ? "" : " " + Printable(step.object)) + ": " +
                                 Printable(step.detail, 1000);
        if (step.status == PlanStatus::kWarning) PrintWarning(text);
        if (step.status == PlanStatus::kBlocked) reasons += (reasons.empty() ? "" : "; ") + text;
    }
    if (reasons.empty()) return;
    throw Error(Errc::WrongState,
                "the target server is not fit for this backup; nothing was touched", reasons + ".",
                "Type \"lifeboat plan\" with the same options to see every step.");
}

} // namespace lifeboat::cli
