// Running pg_restore on the schema archive.
#pragma once

#include <string>
#include <vector>

#include "cli/archive.h"
#include "core/io/child_process.h"

namespace lifeboat::cli {

class Connection;

// An absolute path: in `bin_directory` if given, else beside this program, else in PATH.
// Error(ChildFailed) when it is nowhere.
std::string FindProgram(const std::string& name, const std::string& bin_directory);

// The environment for a child that connects as `connection` did: this process's without PG*, and
// PG* from the live connection. Nothing secret stands on the child's command line. `database` is a
// name. Also appends what has no variable to `conninfo`.
struct ChildTarget {
    std::vector<std::string> environment;
    std::string conninfo; // dbname='…' and the rest, quoted
};
ChildTarget MakeChildTarget(const Connection& connection, const std::string& database);

struct PgRestoreRun {
    std::string program;
    const AnonymousFile* archive = nullptr;
    const AnonymousFile* list = nullptr; // null: everything
    std::vector<std::string> arguments;
};

// As a script into `sink` (not finished).
void PgRestoreToScript(const PgRestoreRun& run, Sink& sink, Interrupt& interrupt);
// Into the database. What it says besides is printed as a warning.
void PgRestoreToDatabase(const PgRestoreRun& run, const ChildTarget& target, Interrupt& interrupt);

} // namespace lifeboat::cli
