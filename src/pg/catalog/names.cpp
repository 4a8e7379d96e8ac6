#include "pg/catalog/names.h"

#include "core/base/closest_name.h"

extern "C" {
#include <commands/dbcommands.h>
}

namespace lifeboat::pg {
namespace {

constexpr const char* kDatabases =
    "SELECT oid, datname, pg_encoding_to_char(encoding), datallowconn, datistemplate "
    "  FROM pg_catalog.pg_database ";

DatabaseRecord ToDatabase(const Row& row) {
    return {ToOid(row[0]), *row[1], *row[2], IsTrue(row[3]), IsTrue(row[4])};
}

bool HoldsUserTables(const Home& home) {
    return !Query(
                "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                " WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname <> 'information_schema' "
                "   AND n.nspname !~ '^pg_' AND NOT EXISTS (SELECT FROM pg_depend d WHERE "
                "       d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e' "
                "       AND d.refobjid = $1::oid) LIMIT 1",
                {std::to_string(home.extension)})
                .empty();
}

} // namespace

std::string CheckName(std::string name, const char* what) {
    const auto is_control = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    };
    if (name.size() > 63) {
        throw Error(Errc::InvalidValue, std::string(what) + " is longer than 63 bytes",
                    "It is \"" + Printable(name) + "\".");
    }
    if (std::any_of(name.begin(), name.end(), is_control) || name.front() == ' ' ||
        name.back() == ' ') {
        throw Error(Errc::InvalidValue, std::string(what) + " \"" + Printable(name) +
                                            "\" has control characters, or blanks at an end");
    }
    return name;
}

void ThrowNotYet(const std::string& option) {
    throw Error(Errc::Unsupported, option + " is not supported by this version of pg_lifeboat",
                "The name is reserved for a later version.", "Leave it out.");
}

DatabaseRecord LoadDatabase(const std::string& name) {
    const Rows rows = Query(std::string(kDatabases) + "WHERE datname = $1", {name});
    if (!rows.empty()) return ToDatabase(rows[0]);
    const std::vector<std::string> names = Column(Query(
        "SELECT datname FROM pg_catalog.pg_database WHERE NOT datistemplate ORDER BY datname"));
    std::string list;
    for (const std::string& one : names) list += (list.empty() ? "\"" : ", \"") + one + "\"";
    const auto close = ClosestName(name, names);
    throw Error(Errc::NotFound, "database \"" + Printable(name) + "\" does not exist",
                "There are: " + (list.empty() ? "none" : list) + ".",
                close ? "Did you mean \"" + *close + "\"?" : std::string());
}

std::vector<DatabaseRecord> AllDatabases() {
    std::vector<DatabaseRecord> databases;
    for (const Row& row : Query(std::string(kDatabases) +
                                "WHERE datallowconn AND NOT datistemplate ORDER BY datname")) {
        databases.push_back(ToDatabase(row));
    }
    return databases;
}

std::string DefaultDatabase(const Home& home, const char* example) {
    const std::string here = Pg([] { return get_database_name(MyDatabaseId); });
    std::string others;
    for (const DatabaseRecord& database : AllDatabases()) {
        if (database.oid == MyDatabaseId) continue;
        others += (others.empty() ? "\"" : ", \"") + database.name + "\"";
    }
    if (others.empty() || HoldsUserTables(home)) return here;
    throw Error(Errc::InvalidValue, "which database?",
                "This is the control database \"" + here +
                    "\", which holds no tables of its own; others are: " + others + ".",
                example);
}

} // namespace lifeboat::pg
