// lifeboat: lists, checks and restores backups without a server and without the extension.
#include <sys/resource.h>

#include <CLI/CLI.hpp>

#include "cli/signals.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "cli/version.h"
#include "core/base/bytes.h"
#include "core/base/error.h"

namespace lifeboat::cli {
namespace {

std::vector<std::unique_ptr<Verb>> AllVerbs() {
    std::vector<std::unique_ptr<Verb>> verbs;
    for (const auto make : {MakeKeygen, MakeCheckStore, MakeList, MakeShow, MakeVerify, MakePlan,
                            MakeRestore, MakeCat, MakeExport, MakeCopy, MakeRotate, MakePrune}) {
        verbs.push_back(make());
    }
    return verbs;
}

// Usage errors in the same words as all others.
int ReportUsage(const CLI::App& app, const CLI::ParseError& error) {
    const CLI::App* command = app.get_subcommands().empty() ? &app : app.get_subcommands().front();
    if (dynamic_cast<const CLI::CallForHelp*>(&error) != nullptr ||
        dynamic_cast<const CLI::CallForAllHelp*>(&error) != nullptr) {
        PrintOut(command == &app ? app.help() : command->help("lifeboat"));
        return 0;
    }
    if (dynamic_cast<const CLI::CallForVersion*>(&error) != nullptr) {
        PrintOut(std::string(error.what()) + "\n");
        return 0;
    }
    std::string message = error.what();
    if (command == &app && !app.remaining().empty()) {
        message = "there is no verb \"" + app.remaining().front() + "\"";
    }
    if (message.size() > 1 && std::islower(static_cast<unsigned char>(message[1])) != 0) {
        message[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(message[0])));
    }
    while (message.ends_with('\n') || message.ends_with('.')) message.pop_back();
    const std::string verb = command == &app ? "" : command->get_name() + " ";
    const Error usage(Errc::InvalidValue, Printable(message, 1000), {},
                      "Type: lifeboat " + verb + "--help");
    PrintError(usage);
    return usage.exit_code();
}

int RunVerb(Verb& verb) {
    SignalInterrupt interrupt;
    try {
        return verb.Run(interrupt);
    } catch (const Error& error) {
        PrintError(error);
        return error.exit_code();
    } catch (const std::bad_alloc&) {
        PrintError(Error(Errc::OutOfMemory, "out of memory"));
        return ErrcExitCode(Errc::OutOfMemory);
    } catch (const std::exception& error) {
        PrintError(Error(Errc::Internal, std::string("unexpected: ") + error.what(), {},
                         "Please report this."));
        return ErrcExitCode(Errc::Internal);
    }
}

// Keys and passphrases must not end up in a core file.
void ForbidCoreFiles() {
    const rlimit none{0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
}

int Main(int argc, char** argv) {
    ForbidCoreFiles();
    InstallSignalHandlers();
    CLI::App app(
        "Lists, checks and restores backups of PostgreSQL databases made by pg_lifeboat.\n"
        "Works without a server and without the extension; only restore and plan connect to one.",
        "lifeboat");
    app.set_version_flag("--version", std::string("lifeboat ") + kVersion);
    app.require_subcommand(1);
    app.footer("Exit codes:\n" + ExitCodeHelp() +
               "\nlifeboat VERB --help tells more and ends with examples.");
    const auto verbs = AllVerbs();
    for (const auto& verb : verbs) {
        CLI::App* command = app.add_subcommand(verb->name(), verb->summary());
        command->footer(std::string("Examples:\n") + verb->examples());
        Command declared(*command);
        verb->Declare(declared);
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return ReportUsage(app, error);
    } catch (const Error& error) {
        PrintError(error);
        return error.exit_code();
    }
    for (const auto& verb : verbs) {
        if (app.got_subcommand(verb->name())) return RunVerb(*verb);
    }
    return ErrcExitCode(Errc::Internal);
}

} // namespace
} // namespace lifeboat::cli

int main(int argc, char** argv) { return lifeboat::cli::Main(argc, argv); }
