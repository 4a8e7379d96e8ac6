#include "cli/pg_restore.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>

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

// Options that are said otherwise, or are not for a child.
bool StandsAlone(std::string_view keyword) {
    constexpr std::string_view kKeywords[] = {
        "dbname",     "host", "port", "service", "replication", "fallback_application_name",
        "sslpassword"};
    return std::ranges::find(kKeywords, keyword) != std::end(kKeywords);
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
        } else if (option->envvar != nullptr && !StandsAlone(keyword)) {
            target.environment.push_back(std::string(option->envvar) + "=" + option->val);
        } else if (option->envvar == nullptr && !StandsAlone(keyword)) {
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
