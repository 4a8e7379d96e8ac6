// What belongs to the database itself, as SQL for a database of any name: psql's variable :"db"
// stands for it.
//
// One statement a line. The first is CREATE DATABASE; then owner, comment, security labels,
// privileges, settings; last what would hinder a restore that is not over (connection limit,
// template).
#pragma once

#include "pg/scan/object_context.h"

namespace lifeboat::pg {

// Under the snapshot. One object.
ObjectRecord StreamDatabase(const ObjectContext& context);

// Roles and tablespaces that the archive and the database's own properties name.
std::vector<std::string> ReferencedRoles();
std::vector<std::string> ReferencedTablespaces();

} // namespace lifeboat::pg
