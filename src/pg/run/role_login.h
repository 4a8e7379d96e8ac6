// SQL that comes from a backup runs only in sessions that are logged in as the acting role: never
// in a stronger session that took its role, since RESET ROLE in the backup would give it back.
#pragma once

#include "pg/bridge/bridge.h"

namespace lifeboat::pg {

// For a child that logs in as `role`: lifeboat.connection with the user replaced. The password of
// another user is left out.
std::vector<std::string> RoleEnvironment(const std::string& role, const std::string& database);

// Tries to log in as `role`, with psql. nullopt when that works; otherwise Error(Permission) with
// the lines for pg_hba.conf and pg_ident.conf as its hint.
std::optional<Error> TryLogin(const std::string& role, const std::string& database,
                              Interrupt& interrupt);

} // namespace lifeboat::pg
