// Running pg_restore on the schema archive.
#pragma once

#include <libpq-fe.h>

#include <string>
#include <vector>

#include "cli/anonymous_file.h"
#include "core/io/child_process.h"

namespace lifeboat::cli {

class Connection;

// An absolute path: in `bin_directory` if given, else beside this program, else in PATH.
// Error(ChildFailed) when it is nowhere.
std::string FindProgram(const std::string& name, const std::string& bin_directory);

// Does what this pg_restore (its answer to --version) writes as a script keep psql from running
// commands that names in the schema may hold? (\restrict, since the releases of August 2025.)
bool WritesRestrict(std::string_view version);
// Error(Unsupported) when it does not.
void RequireRestrict(const std::string& program, Interrupt& interrupt);

// The environment for a child that connects as `connection` did: this process's without PG*, and
// PG* from the live connection. Nothing secret stands on the child's command line: a connection
// that needs a secret which has no variable (sslpassword, scram_client_key, oauth_client_secret) is
// refused to the child by the server. `database` is a name.
struct ChildTarget {
    std::vector<std::string> environment;
    std::string conninfo; // dbname='…' and the rest, quoted
};
// How a child is told an option of the connection.
enum class OptionWay {
    kEnvironment,
    kCommandLine, // has no variable and is no secret
    kNotTold,     // said otherwise, not for a child, or perhaps a secret
};
OptionWay WayOf(const PQconninfoOption& option);
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
