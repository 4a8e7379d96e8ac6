// The target database: made from the backup's own properties, marked while the restore runs,
// unmarked at the very end.
#pragma once

#include <string>
#include <vector>

#include "cli/restore/connection.h"

namespace lifeboat::cli {

// The SQL of toc kind `database` for a given name, sorted by when it is to run. Error(Damaged) for
// a statement that is not about this database: the SQL of a backup must never touch another.
struct DatabaseSql {
    std::string create;                // CREATE DATABASE
    std::vector<std::string> settings; // ALTER DATABASE … SET, ALTER ROLE … IN DATABASE … SET
    std::vector<std::string> others;   // owner, grants, connection limit, template
    std::string comment;               // empty: none
};
DatabaseSql ParseDatabaseSql(std::string_view sql, const std::string& target_database);

enum class TargetState {
    kAbsent,
    kInterrupted, // carries the mark of a restore of the same backup: may be dropped
    kTaken,       // anything else
};
struct TargetLook {
    TargetState state = TargetState::kAbsent;
    std::string comment;
};
TargetLook LookAtTarget(Connection& connection, const std::string& database,
                        const std::string& backup_id);
// Error(Duplicate) that says what is there.
[[noreturn]] void ThrowTaken(const TargetLook& look, const std::string& database);

// Drops a marked database, creates the new one under another name (one that an interrupted restore
// of the same backup left is dropped first), marks it and gives it its name. The mark: a comment
// that names the backup, and (for a superuser, whom it does not bind) a connection limit of 0, so
// that nobody takes a half restored database for a whole one.
void CreateMarked(Connection& connection, const DatabaseSql& sql, const TargetLook& look,
                  const std::string& database, const std::string& backup_id);

void ApplySettings(Connection& connection, const DatabaseSql& sql);
// Owner, grants, limits, and last the comment, which replaces the mark.
void FinishDatabase(Connection& connection, const DatabaseSql& sql, const std::string& database);

} // namespace lifeboat::cli
