// backup_grant.
#include "pg/catalog/rights.h"
#include "pg/sql/call.h"

extern "C" {
PG_FUNCTION_INFO_V1(lifeboat_grant);
PGDLLEXPORT Datum lifeboat_grant(PG_FUNCTION_ARGS);
}

namespace lifeboat::pg {
namespace {

constexpr const char* kMonitorTables =
    "@.backup_stores, @.backup_keys, @.backup_schedules, @.backup_runs, @.backup_restores, "
    "@.backup_events, @.backup_progress, @.backup_catalog, @.backup_relations, @.backup_status, "
    "@.backup_health, @.backup_copies, @.backup_storage";
constexpr const char* kMonitor[] = {"backup_progress_rows", "backup_health_rows",
                                    "backup_keep_rules", "backup_next_due", "backup_next_runs"};
constexpr const char* kOperator[] = {"backup_run",      "backup_cancel",       "backup_verify",
                                     "backup_copy",     "backup_restore_plan", "backup_check_store",
                                     "backup_check_key"};

// Every function of the extension, with its arguments.
std::map<std::string, std::string> Functions(const Home& home) {
    std::map<std::string, std::string> functions;
    for (const Row& row : Query(
             "SELECT p.proname, p.oid::regprocedure FROM pg_depend d JOIN pg_proc p ON p.oid = "
             "d.objid WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND d.refclassid = "
             "'pg_extension'::regclass AND d.refobjid = $1::oid AND p.prorettype <> "
             "'trigger'::regtype",
             {std::to_string(home.extension)})) {
        functions[*row[0]] = *row[1];
    }
    return functions;
}

void GrantFunctions(const std::map<std::string, std::string>& functions,
                    std::span<const char* const> names, const std::string& role) {
    for (const char* name : names) {
        Execute("GRANT EXECUTE ON FUNCTION " + functions.at(name) + " TO " + role);
    }
}

void RevokeAll(const Home& home, const std::map<std::string, std::string>& functions,
               const std::string& role) {
    for (const auto& [name, signature] : functions) {
        Execute("REVOKE ALL ON FUNCTION " + signature + " FROM " + role);
    }
    Execute(home.Sql(std::string("REVOKE ALL ON ") + kMonitorTables + " FROM " + role));
}

Datum Grant(const Call& call) {
    const Home home = RequireHome();
    if (call.IsNull(0)) throw Error(Errc::InvalidValue, "role must not be null");
    const Oid role_oid = DatumGetObjectId(call.Raw(0));
    const std::string level = call.Text(1, "level");
    const std::vector<std::string> levels = {"none", "monitor", "operator", "admin"};
    const auto found = std::find(levels.begin(), levels.end(), level);
    if (found == levels.end()) {
        throw Error(Errc::InvalidValue, "level \"" + Printable(level) + "\" is not known", "",
                    "The levels are monitor, operator, admin, and none to take everything back.");
    }
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    const std::string role = QuoteIdent(RoleName(role_oid));
    const auto functions = Functions(home);
    RevokeAll(home, functions, role);
    if (found >= levels.begin() + 1) {
        Execute("GRANT USAGE ON SCHEMA " + home.schema + " TO " + role);
        Execute(home.Sql(std::string("GRANT SELECT ON ") + kMonitorTables + " TO " + role));
        GrantFunctions(functions, kMonitor, role);
    }
    if (found >= levels.begin() + 2) GrantFunctions(functions, kOperator, role);
    if (found == levels.begin() + 3) {
        for (const auto& [name, signature] : functions) {
            Execute("GRANT EXECUTE ON FUNCTION " + signature + " TO " + role);
        }
    }
    AddEvent(home, RoleName(caller), "grant", RoleName(role_oid), {{"level", level}});
    return Datum{0};
}

} // namespace
} // namespace lifeboat::pg

Datum lifeboat_grant(PG_FUNCTION_ARGS) {
    return lifeboat::pg::Boundary([&] { return lifeboat::pg::Grant(lifeboat::pg::Call(fcinfo)); });
}
