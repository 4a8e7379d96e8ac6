// What a loading session sets: what pg_restore sets, and what the backup pinned when it wrote its
// rows.
#include "cli/restore/load.h"

namespace lifeboat::cli {
namespace {

// The mark on the database is removed in a synchronous commit, which makes all earlier ones
// durable.
constexpr const char* kSessionSettings = R"sql(
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET xmloption = content;
SET row_security = off;
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET idle_session_timeout = 0;
SET default_transaction_read_only = off;
SET default_transaction_isolation = 'read committed';
SET search_path = '';
SET DateStyle = ISO;
SET IntervalStyle = postgres;
SET bytea_output = hex;
SET client_min_messages = warning;
SET synchronous_commit = off)sql";

constexpr const char* kHasMoneyColumn = R"sql(
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
    WHERE a.atttypid IN ('pg_catalog.money'::pg_catalog.regtype,
                         'pg_catalog.money[]'::pg_catalog.regtype)
      AND c.relkind IN ('r', 'p') AND c.oid >= 16384))sql";

bool HasMoneyColumn(Connection& connection) { return connection.Exec(kHasMoneyColumn).True(0, 0); }

// A locale that this server does not have matters only where money is stored.
void SetMonetary(Connection& connection, const std::string& locale) {
    try {
        connection.Query("SELECT pg_catalog.set_config('lc_monetary', $1, false)", {locale});
    } catch (TargetError& error) {
        if (!HasMoneyColumn(connection)) return;
        error.AddHint("The backup holds columns of type money written with lc_monetary = \"" +
                      Printable(locale) + "\"; install that locale on the target server.");
        throw;
    }
}

} // namespace

Connection OpenLoadConnection(Target& target, const std::string& database, const Manifest& manifest,
                              Interrupt& interrupt) {
    Connection connection(target, database, interrupt);
    connection.Query("SELECT pg_catalog.set_config('client_encoding', $1, false)",
                     {manifest.database.encoding});
    connection.Exec(kSessionSettings);
    if (connection.server_version() >= 170000) connection.Exec("SET transaction_timeout = 0");
    for (const auto& [name, value] : PinnedSettings(manifest)) {
        if (name == "lc_monetary") {
            SetMonetary(connection, value);
        } else {
            connection.Query("SELECT pg_catalog.set_config($1, $2, false)", {name, value});
        }
    }
    return connection;
}

} // namespace lifeboat::cli
