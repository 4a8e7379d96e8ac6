#include "pg/leader/schema_dump.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "core/io/child_process.h"
#include "pg/leader/lock_group.h"
#include "pg/run/child_environment.h"
#include "pg/run/run_interrupt.h"

namespace lifeboat::pg {
namespace {

// The leader holds every lock that the child asks for, and as a member of its lock group the child
// gets it at once. If it could not join, it waits only behind somebody who waits behind the leader:
// a deadlock that PostgreSQL cannot see. Giving up soon and starting over ends it.
constexpr int kChildLockWaitMs = 5000;

int ChildLockWait(const LeaderRequest& request) {
    return std::max(1, std::min(request.lock_patience_ms, kChildLockWaitMs));
}

std::string FindProgram(const std::string& directory, const std::string& name) {
    std::string path = directory + "/" + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
    throw Error::WithSqlState(
        "58P01", "could not find \"" + name + "\" in directory \"" + directory + "\"",
        "It is needed for the part of a backup that is not rows.",
        "Install PostgreSQL's client programs, or set lifeboat.bin_directory to where \"" + name +
            "\" is.");
}

// "pg_dump (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)"
int MajorVersion(const std::string& said) {
    const size_t at = said.find(") ");
    int major = 0;
    if (at != std::string::npos)
        std::from_chars(said.data() + at + 2, said.data() + said.size(), major);
    return major;
}

// pg_dump refuses a server that is newer than itself; we say which program it was.
void CheckVersion(const std::string& program, Interrupt& interrupt) {
    ChildSpec spec;
    spec.program = program;
    spec.arguments = {"--version"};
    spec.environment = {"LC_ALL=C"};
    ChildProcess child(spec);
    StringSink said(4096);
    const ChildExit exit = child.Run(said, interrupt);
    if (!exit.ok()) ThrowChildFailed(child, exit);
    constexpr int kServer = PG_VERSION_NUM / 10000;
    if (MajorVersion(said.text()) >= kServer) return;
    throw Error(Errc::WrongState, "\"" + program + "\" is too old for this server",
                "It says \"" + std::string(Trimmed(said.text())) + "\"; the server is PostgreSQL " +
                    std::to_string(kServer) +
                    ", and a dump needs a program of that version or a newer one.",
                "Set lifeboat.bin_directory to where the programs of PostgreSQL " +
                    std::to_string(kServer) + " are.");
}

bool Says(const std::string& text, std::string_view what) {
    return text.find(what) != std::string::npos;
}

// What a failed child said, as the error it stands for.
[[noreturn]] void ThrowFailed(const ChildProcess& child, const ChildExit& exit,
                              const std::string& name, const std::string& database) {
    const std::string said(Trimmed(child.stderr_text()));
    // --lock-wait-timeout is a statement_timeout around LOCK TABLE.
    if (Says(said, "lock timeout") || Says(said, "deadlock detected") ||
        Says(said, "could not obtain lock") ||
        (Says(said, "statement timeout") && Says(said, "LOCK TABLE"))) {
        throw StartOver(Error::WithSqlState("55P03", name + " could not lock a table in time", said,
                                            "Let the session that holds the lock end, or give the "
                                            "schedule a longer lock_patience."));
    }
    if (Says(said, "cache lookup failed") || Says(said, "could not open relation with OID")) {
        throw StartOver(Error::WithSqlState(
            "40001", name + " met an object that was being dropped", said,
            "Functions and types are not locked; try again when nobody drops any."));
    }
    if (Says(said, "too many clients") || Says(said, "remaining connection slots") ||
        Says(said, "too many connections")) {
        throw StartOver(Error::WithSqlState(
            "53300", name + " found no free connection to database \"" + database + "\"", said,
            "Raise max_connections, or the limit of the database or role."));
    }
    if (Says(said, "connection to server")) {
        throw Error(Errc::TargetRefused,
                    name + " could not connect to database \"" + database + "\"", said,
                    "Set lifeboat.connection to a connection string that pg_hba.conf admits, or "
                    "let the server's operating-system "
                    "user in, for example with this line in pg_hba.conf: local all postgres peer");
    }
    ThrowChildFailed(child, exit);
}

ObjectRecord StreamChild(const ObjectContext& context, ObjectKind kind, ChildProcess& child,
                         const std::string& name, const std::string& database,
                         Interrupt& interrupt) {
    ObjectSink sink(context, kind);
    ChildInterrupt child_interrupt(interrupt);
    const ChildExit exit = child.Run(sink, child_interrupt);
    if (!exit.ok()) ThrowFailed(child, exit, name, database);
    return sink.FinishObject();
}

} // namespace

SchemaDump::SchemaDump(const DumpSource& source, Interrupt& interrupt)
    : database_(source.database) {
    ChildSpec spec;
    spec.program = FindProgram(source.request.bin_directory, "pg_dump");
    CheckVersion(spec.program, interrupt);
    spec.arguments = {"--format=custom",
                      "--compress=0",
                      "--create",
                      "--section=pre-data",
                      "--section=post-data",
                      "--no-blobs", // large_objects.h
                      "--no-password",
                      "--encoding=" + source.encoding,
                      "--snapshot=" + source.snapshot,
                      "--lock-wait-timeout=" + std::to_string(ChildLockWait(source.request)),
                      "--role=" + source.request.role_name};
    // Its queries are many and short: compiling one costs more than it gains.
    spec.environment = ChildEnvironment(source.request.connection, source.database,
                                        LeadLockGroup() + " -c jit=off");
    child_ = std::make_unique<ChildProcess>(spec);
}

SchemaDump::~SchemaDump() = default;

ObjectRecord SchemaDump::Stream(const ObjectContext& context, Interrupt& interrupt) {
    return StreamChild(context, ObjectKind::kSchema, *child_, "pg_dump", database_, interrupt);
}

ObjectRecord StreamGlobals(const ObjectContext& context, const DumpSource& source,
                           bool with_passwords, Interrupt& interrupt) {
    ChildSpec spec;
    spec.program = FindProgram(source.request.bin_directory, "pg_dumpall");
    CheckVersion(spec.program, interrupt);
    spec.arguments = {"--globals-only", "--no-password", "--encoding=" + source.encoding,
                      "--role=" + source.request.role_name,
                      "--database=" + QuotedDatabase(source.database)};
    spec.environment = ChildEnvironment(source.request.connection, source.database);
    if (!with_passwords) spec.arguments.emplace_back("--no-role-passwords");
    ChildProcess child(spec);
    return StreamChild(context, ObjectKind::kGlobals, child, "pg_dumpall", source.database,
                       interrupt);
}

} // namespace lifeboat::pg
