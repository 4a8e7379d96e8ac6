// A child program: started without a shell, with an environment of its own, killed with its parent.
//
// Used for pg_dump, pg_dumpall, pg_restore, lifeboat restore and secret commands. The child gets
// its own process group, default signals and an empty mask, no inherited descriptors but the three
// and `pass_fds`, and PR_SET_PDEATHSIG = SIGKILL (so it must be started by a thread that lives as
// long as the child may). Destroying a running child sends SIGTERM, after half a second SIGKILL, to
// its group and waits for it. The process must not ignore SIGCHLD (the exit status would be lost),
// and must ignore SIGPIPE when it writes to a child.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/unique_fd.h"
#include "core/io/stream.h"

namespace lifeboat {

struct ChildSpec {
    std::string program; // absolute path
    std::vector<std::string> arguments = {};
    std::vector<std::string> environment = {}; // NAME=value, complete
    bool pipe_stdin = false;                   // else /dev/null
    bool pipe_stdout = true;                   // else /dev/null
    bool new_process_group = true;
    // (descriptor here, descriptor in the child, at least 3): how a secret reaches a child as
    // `fd:3`. Borrowed; the caller closes its own after the start.
    std::vector<std::pair<int, int>> pass_fds = {};
};

struct ChildExit {
    int code = 0;   // exit code, or -1 (also when somebody else took the exit status)
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

    // Sends the child's stdout to `sink` until its end (also keeps stderr), then waits for it.
    // Waits at most 200 ms at a time and calls interrupt.Check() in between. Does not Finish() the
    // sink; does not judge the exit.
    ChildExit Run(Sink& sink, Interrupt& interrupt);
    // The same, and what it says on stdout is thrown away.
    ChildExit Wait(Interrupt& interrupt);
    // Writes to the child's stdin, waiting until it takes all (SIGPIPE must be ignored; stderr is
    // kept meanwhile, so a talkative child cannot block). A closed pipe is Error(ChildFailed). A
    // child that is written to should not have a stdout pipe: nobody reads it.
    void WriteStdin(Bytes bytes, Interrupt& interrupt);
    void WriteStdin(Bytes bytes);
    void CloseStdin() noexcept { stdin_.Reset(); }
    void Kill(int signal) const noexcept; // the whole group

    // The last 16 KiB of stderr.
    [[nodiscard]] const std::string& stderr_text() const noexcept { return stderr_text_; }

private:
    void DrainStderr();
    void ReadStdout(Sink& sink);
    void Poll(Sink& sink); // waits for the pipes that are open, at most 200 ms
    std::optional<ChildExit> Reap(bool block);

    std::string program_;
    pid_t pid_ = -1;
    bool own_group_;
    std::optional<ChildExit> exit_; // set: reaped, the pid is no longer ours
    Buffer chunk_;                  // wiped at the end: secrets come this way
    UniqueFd stdin_;
    UniqueFd stdout_;
    UniqueFd stderr_;
    std::string stderr_text_;
};

// The child's stdin as the end of a pipeline; Finish() closes it.
class ChildStdinSink final : public Sink {
public:
    ChildStdinSink(ChildProcess& child, Interrupt& interrupt)
        : child_(child), interrupt_(interrupt) {}
    void Write(Bytes bytes) override { child_.WriteStdin(bytes, interrupt_); }
    void Finish() override { child_.CloseStdin(); }

private:
    ChildProcess& child_;
    Interrupt& interrupt_;
};

// Error(ChildFailed) with program, exit and what it said as detail.
[[noreturn]] void ThrowChildFailed(const ChildProcess& child, const ChildExit& exit,
                                   std::string hint = {});

} // namespace lifeboat
