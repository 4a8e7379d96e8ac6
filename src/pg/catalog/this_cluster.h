// Which cluster this is, so that a copy of it never writes to its store unasked, and never removes
// there what the original is making.
#pragma once

#include "pg/catalog/repository.h"

namespace lifeboat::pg {

// The data directory with links resolved.
std::string DataDirectory();
// System identifier and data directory are those that the schedule remembers.
bool IsOfThisCluster(const ScheduleRecord& schedule);

// What keeps the catalog from being this cluster's: it came here with a copy. nullopt: it is at
// home.
std::optional<std::string> WhyNotAtHome(const Home& home);
// Error(WrongState) when the catalog came with a copy that was not adopted.
void RequireAtHome(const Home& home);
// Takes the catalog over for this cluster. Says where it was before; nullopt: here.
std::optional<std::string> AdoptCatalog(const Home& home);
// And the backups that it has: their retention is ours.
void AdoptBackups(const Home& home);
// Whether row p of backup_restore_points was taken here or adopted; $1 is SystemIdentifier().
inline constexpr const char* kIsOwnBackup =
    "NOT p.imported AND (p.system_identifier = $1 OR p.system_identifier = ANY (SELECT "
    "unnest(adopted) FROM @.backup_installation))";

// 64 hexadecimal characters that only this catalog in this data directory on this machine has: of
// its random id, so that they tell a reader nothing. For `started`.
std::string Place(const Home& home);

} // namespace lifeboat::pg
