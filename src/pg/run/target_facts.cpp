#include "pg/run/target_facts.h"

#include <gnu/libc-version.h>
#include <sys/statvfs.h>

#include <clocale>

#include "core/plan/restore_mark.h"
#include "pg/catalog/rights.h"
#include "pg/compat.h"

namespace lifeboat::pg {
namespace {

std::vector<VersionedName> Versions(const std::string& sql) {
    std::vector<VersionedName> versions;
    for (const Row& row : Query(sql)) versions.push_back({*row[0], row[1].value_or("")});
    return versions;
}

// As the leader of a backup records them.
std::vector<VersionedName> CollationProviders() {
    std::vector<VersionedName> providers = {{"libc", gnu_get_libc_version()}};
    for (VersionedName& icu :
         Versions("SELECT 'icu', pg_collation_actual_version(oid) FROM pg_collation WHERE "
                  "collprovider = 'i' AND collversion IS NOT NULL ORDER BY oid LIMIT 1")) {
        providers.push_back(std::move(icu));
    }
    return providers;
}

bool HasLocale(int category, const std::string& name) {
    return name.empty() || Pg([&] { return check_locale(category, name.c_str(), nullptr); });
}

std::optional<uint64_t> FreeBytes() {
    struct statvfs status {};
    if (statvfs(DataDir, &status) != 0) return std::nullopt;
    return static_cast<uint64_t>(status.f_bavail) * status.f_frsize;
}

} // namespace

bool IsTaken(const std::string& target_database, const std::string& backup_id) {
    const Rows rows =
        Query("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1",
              {target_database});
    return !rows.empty() && !rows[0][0].value_or("").starts_with(RestoreMarkOf(backup_id));
}

TargetFacts FactsOfThisServer(Oid role, const std::string& target_database,
                              const Manifest& manifest) {
    const DatabaseInfo& source = manifest.database;
    TargetFacts facts;
    facts.server_version_num =
        std::stoi(*QueryValue("SELECT current_setting('server_version_num')"));
    facts.database_exists = IsTaken(target_database, manifest.backup_id);
    facts.role = RoleName(role);
    facts.is_superuser = IsSuperuser(role);
    facts.can_create_database =
        facts.is_superuser ||
        IsTrue(QueryValue("SELECT rolcreatedb FROM pg_roles WHERE oid = $1::oid",
                          {std::to_string(role)}));
    facts.roles = Column(Query("SELECT rolname FROM pg_roles"));
    facts.tablespaces = Column(Query("SELECT spcname FROM pg_tablespace"));
    facts.available_extensions =
        Versions("SELECT name, version FROM pg_available_extension_versions");
    facts.collation_providers = CollationProviders();
    facts.free_bytes = FreeBytes();
    if (!HasLocale(LC_COLLATE, source.collate)) facts.locales_missing.push_back(source.collate);
    if (!HasLocale(LC_CTYPE, source.ctype) && source.ctype != source.collate) {
        facts.locales_missing.push_back(source.ctype);
    }
    return facts;
}

} // namespace lifeboat::pg
