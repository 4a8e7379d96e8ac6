// The one error type of the project.
//
// An Error is a value made of a code (errc.def: SQLSTATE and exit code), a primary message
// (lower-case, no full stop), and optionally a detail and a hint (sentences). It carries everything
// that a person needs at 3 a.m.: what was expected, what was found, what to type. In the server it
// crosses to ereport in pg/bridge/bridge.h; in the command line main() prints it.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace lifeboat {

enum class Errc {
#define LIFEBOAT_ERRC(name, sqlstate, exit_code, meaning) name,
#include "core/base/errc.def"
#undef LIFEBOAT_ERRC
};

std::string_view ErrcName(Errc code) noexcept;
std::string_view ErrcSqlState(Errc code) noexcept;
int ErrcExitCode(Errc code) noexcept;
// The list of exit codes and meanings, one per line, for `lifeboat --help`.
std::string ExitCodeHelp();

class Error : public std::exception {
public:
    explicit Error(Errc code, std::string message, std::string detail = {}, std::string hint = {});

    // An error that was born elsewhere (in the server, in a child) with a SQLSTATE of its own (five
    // characters).
    static Error WithSqlState(std::string_view sqlstate, std::string message,
                              std::string detail = {}, std::string hint = {});

    [[nodiscard]] Errc code() const noexcept { return code_; }
    [[nodiscard]] const std::string& message() const noexcept { return message_; }
    [[nodiscard]] const std::string& detail() const noexcept { return detail_; }
    [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
    [[nodiscard]] std::string_view sqlstate() const noexcept;
    [[nodiscard]] int exit_code() const noexcept { return ErrcExitCode(code_); }
    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

    // Fills an empty detail or hint; keeps one that is there.
    Error& AddDetail(std::string detail);
    Error& AddHint(std::string hint);

private:
    Errc code_;
    std::string sqlstate_; // empty: the code's own
    std::string message_;
    std::string detail_;
    std::string hint_;
};

// errno as text, thread-safe: "No space left on device".
std::string ErrnoText(int saved_errno);

} // namespace lifeboat
