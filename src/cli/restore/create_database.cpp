#include "cli/restore/create_database.h"

#include <algorithm>

#include "cli/sql_splitter.h"
#include "core/base/clock.h"
#include "core/plan/restore_mark.h"

namespace lifeboat::cli {
namespace {

bool IsSuperuser(Connection& connection) {
    return connection.Exec("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user")
        .True(0, 0);
}

bool IsAbout(std::string_view statement, const std::string& quoted) {
    constexpr std::string_view kKnown[] = {
        "CREATE DATABASE", "ALTER DATABASE", "COMMENT ON DATABASE", "GRANT",
        "REVOKE",          "ALTER ROLE",     "SECURITY LABEL",
    };
    const bool known =
        std::ranges::any_of(kKnown, [&](auto words) { return BeginsWithWords(statement, words); });
    return known && statement.find("DATABASE " + quoted) != std::string_view::npos;
}

bool IsSetting(std::string_view statement, const std::string& quoted) {
    const size_t name = statement.find("DATABASE " + quoted);
    const std::string_view rest = statement.substr(name + 9 + quoted.size());
    return (BeginsWithWords(statement, "ALTER DATABASE") ||
            BeginsWithWords(statement, "ALTER ROLE")) &&
           BeginsWithWords(rest, " SET");
}

} // namespace

DatabaseSql ParseDatabaseSql(std::string_view sql, const std::string& target_database) {
    const std::string quoted = QuoteName(target_database);
    DatabaseSql parsed;
    for (auto& statement : SplitSql(sql, "the backup's database entry", quoted)) {
        if (!IsAbout(statement, quoted)) {
            throw Error(Errc::Damaged,
                        "the backup's database entry has a statement that does not belong there",
                        "It is \"" + Printable(statement) + "\".");
        }
        if (BeginsWithWords(statement, "CREATE DATABASE")) {
            parsed.create = std::move(statement);
        } else if (BeginsWithWords(statement, "COMMENT ON")) {
            parsed.comment = std::move(statement);
        } else if (IsSetting(statement, quoted)) {
            parsed.settings.push_back(std::move(statement));
        } else {
            parsed.others.push_back(std::move(statement));
        }
    }
    if (parsed.create.empty())
        throw Error(Errc::Damaged, "the backup's database entry has no CREATE DATABASE");
    return parsed;
}

TargetLook LookAtTarget(Connection& connection, const std::string& database,
                        const std::string& backup_id) {
    const PgResult found = connection.Query(
        "SELECT pg_catalog.shobj_description(oid, 'pg_database') "
        "FROM pg_catalog.pg_database WHERE datname = $1",
        {database});
    if (found.rows() == 0) return {};
    TargetLook look{TargetState::kTaken, found.Text(0, 0)};
    if (look.comment.starts_with(RestoreMarkOf(backup_id))) look.state = TargetState::kInterrupted;
    return look;
}

void ThrowTaken(const TargetLook& look, const std::string& database) {
    const std::string drop = "DROP DATABASE " + QuoteName(database);
    if (look.comment.starts_with(kRestoreMark)) {
        throw Error(
            Errc::Duplicate,
            "target database \"" + Printable(database) + "\" is a restore that was interrupted",
            "Its comment is \"" + Printable(look.comment) + "\".",
            "Restore that backup again to start over, or drop it: " + drop);
    }
    throw Error(Errc::Duplicate, "target database \"" + Printable(database) + "\" exists already",
                "A restore creates its database and never writes into one that is there.",
                "Choose another name with --target-database, or drop it first: " + drop);
}

void CreateMarked(Connection& connection, const DatabaseSql& sql, const TargetLook& look,
                  const std::string& database, const std::string& backup_id) {
    const std::string quoted = QuoteName(database);
    const std::string unmarked = QuoteName(RestoreNameOf(database, backup_id));
    if (look.state == TargetState::kInterrupted) connection.Exec("DROP DATABASE " + quoted);
    connection.Exec("SET client_min_messages = warning"); // it is hardly ever there
    connection.Exec("DROP DATABASE IF EXISTS " + unmarked);
    connection.Exec("RESET client_min_messages");
    // A database cannot be made with its comment: it gets its name when it has the mark.
    std::string create = sql.create;
    connection.Exec(create.replace(create.find(quoted), quoted.size(), unmarked));
    const std::string mark =
        RestoreMarkOf(backup_id) + ", begun " + Rfc3339(Now()) + ": not complete, do not use";
    connection.Exec("COMMENT ON DATABASE " + unmarked + " IS " + connection.QuoteLiteral(mark));
    if (IsSuperuser(connection))
        connection.Exec("ALTER DATABASE " + unmarked + " CONNECTION LIMIT 0");
    connection.Exec("ALTER DATABASE " + unmarked + " RENAME TO " + quoted);
}

void ApplySettings(Connection& connection, const DatabaseSql& sql) {
    for (const auto& statement : sql.settings) connection.Exec(statement);
}

void FinishDatabase(Connection& connection, const DatabaseSql& sql, const std::string& database) {
    const std::string quoted = QuoteName(database);
    if (IsSuperuser(connection))
        connection.Exec("ALTER DATABASE " + quoted + " CONNECTION LIMIT -1");
    for (const auto& statement : sql.others) connection.Exec(statement);
    connection.Exec(sql.comment.empty() ? "COMMENT ON DATABASE " + quoted + " IS NULL"
                                        : sql.comment);
}

} // namespace lifeboat::cli
