#include "cli/pg_restore.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <span>

#include "cli/restore/connection.h"
#include "cli/terminal.h"

extern char** environ;

namespace lifeboat::cli {
namespace {

bool IsProgram(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

std::string OwnDirectory() {
    char path[PATH_MAX];
    const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
    if (length <= 0) return {};
    const std::string_view text(path, static_cast<size_t>(length));
    return std::string(text.substr(0, text.rfind('/')));
}

std::string InPath(const std::string& name) {
    const char* path = std::getenv("PATH");
    std::string_view rest = path == nullptr ? "" : path;
    while (!rest.empty()) {
        const size_t end = rest.find(':');
        const std::string_view directory = rest.substr(0, end);
        if (directory.starts_with('/')) {
            std::string candidate = std::string(directory) + "/" + name;
            if (IsProgram(candidate)) return candidate;
        }
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + 1);
    }
    return {};
}

std::vector<std::string> EnvironmentWithoutPg() {
    std::vector<std::string> environment;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text(*variable);
        if (!text.starts_with("PG") && !text.starts_with("LIFEBOAT_"))
            environment.emplace_back(text);
    }
    return environment;
}

std::string QuoteConninfo(std::string_view value) {
    std::string quoted = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') quoted.push_back('\\');
        quoted.push_back(c);
    }
    return quoted + "'";
}

bool IsOneOf(std::string_view keyword, std::span<const std::string_view> keywords) {
    return std::ranges::find(keywords, keyword) != keywords.end();
}

ChildSpec MakeSpec(const PgRestoreRun& run) {
    ChildSpec spec;
    spec.program = run.program;
    spec.arguments = run.arguments;
    if (run.list != nullptr) {
        spec.arguments.emplace_back("-L");
        spec.arguments.push_back(run.list->path());
    }
    return spec;
}

void PrintSayings(const ChildProcess& child) {
    if (child.stderr_text().empty()) return;
    PrintWarning(child.program().substr(child.program().rfind('/') + 1) + ": " +
                 Printable(child.stderr_text(), 2000));
}

} // namespace

std::string FindProgram(const std::string& name, const std::string& bin_directory) {
    if (!bin_directory.empty()) {
        std::string path = bin_directory + "/" + name;
        if (bin_directory.starts_with('/') && IsProgram(path)) return path;
        throw Error(
            Errc::ChildFailed, "there is no program \"" + path + "\"",
            "--bin-directory wants the absolute path of the directory that " + name + " is in.",
            "Type: --bin-directory \"$(pg_config --bindir)\"");
    }
    std::string beside = OwnDirectory() + "/" + name;
    if (IsProgram(beside)) return beside;
    std::string found = InPath(name);
    if (!found.empty()) return found;
    throw Error(Errc::ChildFailed, name + " was not found",
                "It was looked for beside lifeboat and in PATH.",
                "Type: --bin-directory \"$(pg_config --bindir)\"");
}

bool WritesRestrict(std::string_view version) {
    const size_t digit = version.find_first_of("0123456789");
    if (digit == std::string_view::npos) return false;
    int major = 0;
    int minor = 0;
    const char* const end = version.data() + version.size();
    const char* at = std::from_chars(version.data() + digit, end, major).ptr;
    if (at != end && *at == '.') std::from_chars(at + 1, end, minor);
    constexpr std::pair<int, int> kFirst[] = {{13, 22}, {14, 19}, {15, 14}, {16, 10}, {17, 6}};
    for (const auto& [known, first] : kFirst) {
        if (major == known) return minor >= first;
    }
    return major > 17;
}

void RequireRestrict(const std::string& program, Interrupt& interrupt) {
    ChildProcess child(
        {.program = program, .arguments = {"--version"}, .environment = EnvironmentWithoutPg()});
    StringSink said(1000);
    const ChildExit exit = child.Run(said, interrupt);
    if (!exit.ok()) ThrowChildFailed(child, exit);
    const std::string version = said.text().substr(0, said.text().find('\n'));
    if (WritesRestrict(version)) return;
    throw Error(Errc::Unsupported, "this pg_restore is too old to write a script",
                "It says \"" + Printable(version) +
                    "\". Its scripts do not keep psql from running commands that names in the "
                    "schema may hold (CVE-2025-8714).",
                "Use one of 13.22, 14.19, 15.14, 16.10, 17.6, 18 or later: --bin-directory DIR");
}

OptionWay WayOf(const PQconninfoOption& option) {
    constexpr std::string_view kSaidOtherwise[] = {
        "dbname",  "host",    "hostaddr",    "port",
        "options", "service", "replication", "fallback_application_name"};
    // Everybody on the machine may read a command line, and a newer libpq may have secrets that
    // nobody knows of here: only what is known to be none stands there.
    constexpr std::string_view kHarmless[] = {
        "keepalives",       "keepalives_idle", "keepalives_interval", "keepalives_count",
        "tcp_user_timeout", "oauth_issuer",    "oauth_client_id",     "oauth_scope"};
    if (IsOneOf(option.keyword, kSaidOtherwise)) return OptionWay::kNotTold;
    if (option.envvar != nullptr) return OptionWay::kEnvironment;
    return IsOneOf(option.keyword, kHarmless) ? OptionWay::kCommandLine : OptionWay::kNotTold;
}

ChildTarget MakeChildTarget(const Connection& connection, const std::string& database) {
    ChildTarget target{EnvironmentWithoutPg(), "dbname=" + QuoteConninfo(database)};
    const std::string_view host = PQhost(connection.handle()); // of several the one that answered
    PQconninfoOption* options = PQconninfo(connection.handle());
    std::string server_options;
    for (const PQconninfoOption* option = options; option != nullptr && option->keyword != nullptr;
         ++option) {
        const std::string keyword = option->keyword;
        if (option->val == nullptr || *option->val == '\0') continue;
        if (keyword == "options") {
            server_options = option->val;
        } else if (keyword == "hostaddr") {
            target.environment.push_back(std::string("PGHOSTADDR=") +
                                         PQhostaddr(connection.handle()));
        } else if (WayOf(*option) == OptionWay::kEnvironment) {
            target.environment.push_back(std::string(option->envvar) + "=" + option->val);
        } else if (WayOf(*option) == OptionWay::kCommandLine) {
            target.conninfo += " " + keyword + "=" + QuoteConninfo(option->val);
        }
    }
    PQconninfoFree(options);
    target.environment.push_back("PGHOST=" + std::string(host));
    target.environment.push_back("PGPORT=" + std::string(PQport(connection.handle())));
    // The database's settings may say otherwise; the last commit of a restore makes all others
    // durable.
    target.environment.push_back("PGOPTIONS=" + server_options +
                                 " -c default_transaction_read_only=off -c synchronous_commit=off");
    return target;
}

void PgRestoreToScript(const PgRestoreRun& run, Sink& sink, Interrupt& interrupt) {
    ChildSpec spec = MakeSpec(run);
    spec.arguments.insert(spec.arguments.end(), {"-f", "-", run.archive->path()});
    spec.environment = EnvironmentWithoutPg();
    ChildProcess child(spec);
    const ChildExit exit = child.Run(sink, interrupt);
    if (!exit.ok()) ThrowChildFailed(child, exit);
    PrintSayings(child);
}

void PgRestoreToDatabase(const PgRestoreRun& run, const ChildTarget& target, Interrupt& interrupt) {
    ChildSpec spec = MakeSpec(run);
    spec.arguments.insert(spec.arguments.end(), {"--exit-on-error", "--no-password", "-d",
                                                 target.conninfo, run.archive->path()});
    spec.environment = target.environment;
    spec.pipe_stdout = false;
    ChildProcess child(spec);
    const ChildExit exit = child.Wait(interrupt);
    if (!exit.ok()) {
        try {
            ThrowChildFailed(child, exit);
        } catch (const Error& error) { // what the target refused is the target's exit code
            throw Error(Errc::TargetRefused, error.message(), error.detail(), error.hint());
        }
    }
    PrintSayings(child);
}

} // namespace lifeboat::cli
