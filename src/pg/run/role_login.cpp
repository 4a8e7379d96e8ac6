#include "pg/run/role_login.h"

#include <pwd.h>
#include <unistd.h>

#include "core/io/child_process.h"
#include "pg/run/child_environment.h"
#include "pg/settings.h"

namespace lifeboat::pg {
namespace {

std::string ServerUser() {
    const passwd* entry = getpwuid(geteuid());
    return entry != nullptr ? entry->pw_name : std::to_string(geteuid());
}

std::string Quoted(const std::string& name) {
    std::string quoted = "\"";
    for (const char c : name) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + "\"";
}

std::string LastLine(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text.substr(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
}

} // namespace

std::vector<std::string> RoleEnvironment(const std::string& role, const std::string& database) {
    std::vector<std::string> environment = ChildEnvironment(ChildConnection(), database);
    const std::string user = "PGUSER=" + role;
    const bool same = std::find(environment.begin(), environment.end(), user) != environment.end();
    std::erase_if(environment, [same](const std::string& entry) {
        return entry.starts_with("PGUSER=") || (!same && entry.starts_with("PGPASSWORD="));
    });
    environment.push_back(user);
    return environment;
}

std::optional<Error> TryLogin(const std::string& role, const std::string& database,
                              Interrupt& interrupt) {
    ChildSpec spec;
    spec.program = BinDirectory() + "/psql";
    // Without psql the restore itself will tell.
    if (access(spec.program.c_str(), X_OK) != 0) return std::nullopt;
    spec.arguments = {"-X", "-w", "-q", "-A", "-t", "-c", "SELECT 1"};
    spec.environment = RoleEnvironment(role, database);
    spec.environment.emplace_back("PGCONNECT_TIMEOUT=5");
    ChildProcess child(spec);
    DiscardSink discard;
    const ChildExit exit = child.Run(discard, interrupt);
    if (exit.ok()) return std::nullopt;
    return Error(
        Errc::Permission, "the server does not let role \"" + role + "\" log in for a restore",
        LastLine(child.stderr_text()) +
            " SQL of a backup runs only in sessions that are logged in as the role itself.",
        "Add to pg_hba.conf, above other local lines: local all " + Quoted(role) +
            " peer map=lifeboat — and to pg_ident.conf: lifeboat " + ServerUser() + " " +
            Quoted(role) + " — then: SELECT pg_reload_conf();");
}

} // namespace lifeboat::pg
