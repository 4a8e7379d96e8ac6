// What SQL functions check of the names and words they are given.
#pragma once

#include "pg/catalog/repository.h"

namespace lifeboat::pg {

// At most 63 bytes, no control characters, no blanks at either end. Returns it.
std::string CheckName(std::string name, const char* what);
// Error(Unsupported): an option that is reserved for a later version.
[[noreturn]] void ThrowNotYet(const std::string& option);

struct DatabaseRecord {
    Oid oid = InvalidOid;
    std::string name;
    std::string encoding;
    bool allows_connections = false;
    bool is_template = false;
};
// Error(NotFound), with the list of databases.
DatabaseRecord LoadDatabase(const std::string& name);
// Connectable and no template, by name.
std::vector<DatabaseRecord> AllDatabases();
// A database that was not named: the current one, unless it is an empty control database while
// others exist.
std::string DefaultDatabase(const Home& home, const char* example);

} // namespace lifeboat::pg
