// SQL objects of a backup, statement by statement through libpq, in batches.
#pragma once

#include <functional>

#include "cli/restore/connection.h"
#include "cli/session.h"
#include "cli/sql_splitter.h"

namespace lifeboat::cli {

// Runs what passes `wanted` (empty: all). The stored bytes are hashed before the first statement
// runs, so that nothing damaged does.
void RunSqlObject(Session& session, const TocEntry& entry, Connection& connection,
                  const std::function<bool(const std::string&)>& wanted = {});

// Roles and tablespaces. Roles that are there already stay as they are, password and attributes
// included; other failures are printed as warnings (the preflight that follows judges what is
// missing).
void RunGlobals(Session& session, Connection& connection);

} // namespace lifeboat::cli
