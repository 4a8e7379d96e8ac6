// A child program: started without a shell, with an environment of its own, killed with its parent.
//
// Used for pg_dump, pg_dumpall, pg_restore, lifeboat restore and secret commands. The child gets its own process group, default
// signals and an empty mask, no inherited descriptors but the three, and PR_SET_PDEATHSIG = SIGKILL (so it must be started by a
// thread that lives as long as the child may). Destroying a running child sends SIGTERM, after a second SIGKILL, to its group
// and waits for it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/base/unique_fd.h"
#include "core/io/stream.h"

namespace lifeboat {

struct ChildSpec {
    std::string program; // absolute path
    std::vector<std::string> arguments;
    std::vector<std::string> environment; // NAME=value, complete
    bool pipe_stdin = false;              // else /dev/null
    bool pipe_stdout = true;              // else /dev/null
    bool new_process_group = true;
};

struct ChildExit {
    int code = 0;   // exit code, or -1
    int signal = 0; // or the signal that ended it
    [[nodiscard]] bool ok() const noexcept { return signal == 0 && code == 0; }
    [[nodiscard]] std::string Describe() const; // "exit code 1", "signal 9 (Killed)"
};

class ChildProcess {
public:
    // Throws Error(ChildFailed) when the program cannot be started (missing, not executable).
    explicit ChildProcess(const ChildSpec& spec);
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    ~ChildProcess();

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    [[nodiscard]] const std::string& program() const noexcept { return program_; }

    // Sends the child's stdout to `sink` until its end (also keeps stderr), then waits for it. Waits at most 200 ms at a time and
    // calls interrupt.Check() in between. Does not Finish() the sink; does not judge the exit.
    ChildExit Run(Sink& sink, Interrupt& interrupt);
    // Without stdout to read.
    ChildExit Wait(Interrupt& interrupt);
    // Writes to the child's stdin (blocking; SIGPIPE must be ignored); a closed pipe is Error(ChildFailed).
    void WriteStdin(Bytes bytes);
    void CloseStdin() noexcept { stdin_.Reset(); }
    void Kill(int signal) const noexcept; // the whole group

    // The last 16 KiB of stderr.
    [[nodiscard]] const std::string& stderr_text() const noexcept { return stderr_text_; }

private:
    void DrainStderr();
    bool Poll(Sink* sink, int timeout_ms); // false when both pipes ended
    std::optional<ChildExit> Reap(bool block);

    std::string program_;
    pid_t pid_ = -1;
    UniqueFd stdin_;
    UniqueFd stdout_;
    UniqueFd stderr_;
    std::string stderr_text_;
};

// Error(ChildFailed) with program, exit and what it said as detail.
[[noreturn]] void ThrowChildFailed(const ChildProcess& child, const ChildExit& exit, std::string hint = {});

} // namespace lifeboat
