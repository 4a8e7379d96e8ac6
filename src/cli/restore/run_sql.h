// SQL objects of a backup, statement by statement through libpq, in batches.
#pragma once

#include <functional>

#include "cli/restore/connection.h"
#include "cli/session.h"
#include "cli/sql_splitter.h"

namespace lifeboat::cli {

// Runs the statements that `read` writes to the file it is given, and that pass `wanted` (empty:
// all). `what` names them in errors. `read` may find damage at the very end: nothing runs before it
// returned.
void RunSql(const std::string& what, Connection& connection,
            const std::function<void(AnonymousFile&)>& read,
            const std::function<bool(const std::string&)>& wanted = {});

// Roles and tablespaces. Roles that are there already stay as they are, password and attributes
// included; other failures are printed as warnings (the preflight that follows judges what is
// missing).
void RunGlobals(Session& session, Connection& connection);

} // namespace lifeboat::cli
