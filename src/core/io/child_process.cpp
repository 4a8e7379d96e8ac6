#include "core/io/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>

#include "core/base/error.h"
#include "core/io/child_launch.h"

namespace lifeboat {
namespace {

constexpr int kWaitMs = 200;
constexpr int kTermGraceMs = 500;
constexpr size_t kStderrKept = 16 * 1024;
constexpr int kStderrRounds = 32;
constexpr size_t kChunkBytes = 64 * 1024;

void Sleep(int milliseconds) { ::poll(nullptr, 0, milliseconds); }

UniqueFd OpenNull() {
    UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null.valid())
        throw Error(Errc::ChildFailed, "could not open /dev/null: " + ErrnoText(errno));
    return null;
}

UniqueFd NonBlocking(UniqueFd fd) {
    if (::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK) != 0) {
        throw Error(Errc::ChildFailed, "could not set up a pipe: " + ErrnoText(errno));
    }
    return fd;
}

ChildExit ExitOf(int status) noexcept {
    if (WIFSIGNALED(status)) return {-1, WTERMSIG(status)};
    return {WEXITSTATUS(status), 0};
}

// Without taking the exit status: until that is taken, nobody else can get the pid or the group.
bool Ended(pid_t pid) noexcept {
    siginfo_t info = {};
    return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid == pid;
}

void KeepTail(std::string& text) {
    if (text.size() > kStderrKept) text.erase(0, text.size() - kStderrKept);
}

} // namespace

std::string ChildExit::Describe() const {
    if (signal != 0) {
        const char* name = ::sigdescr_np(signal);
        return "signal " + std::to_string(signal) + " (" + (name != nullptr ? name : "unknown") +
               ")";
    }
    if (code < 0) return "an unknown exit status";
    return "exit code " + std::to_string(code);
}

ChildProcess::ChildProcess(const ChildSpec& spec)
    : program_(spec.program), own_group_(spec.new_process_group), chunk_(kChunkBytes) {
    const UniqueFd null = OpenNull();
    Pipe in;
    Pipe out;
    Pipe err = MakePipe();
    if (spec.pipe_stdin) in = MakePipe();
    if (spec.pipe_stdout) out = MakePipe();
    // Ours first: what can fail must not fail with a child running.
    if (spec.pipe_stdin) stdin_ = NonBlocking(std::move(in.write));
    if (spec.pipe_stdout) stdout_ = NonBlocking(std::move(out.read));
    stderr_ = NonBlocking(std::move(err.read));
    pid_ = LaunchChild(spec, {spec.pipe_stdin ? in.read.get() : null.get(),
                              spec.pipe_stdout ? out.write.get() : null.get(), err.write.get()});
}

ChildProcess::~ChildProcess() {
    ::explicit_bzero(chunk_.data(), chunk_.size());
    if (exit_) return;
    stdin_.Reset();
    Kill(SIGTERM);
    for (int waited = 0; waited < kTermGraceMs && !Ended(pid_); waited += 5) Sleep(5);
    Kill(SIGKILL); // also what the child left behind in its group
    Reap(true);
}

void ChildProcess::Kill(int signal) const noexcept {
    if (exit_ || pid_ <= 0) return; // 0 and -1 would be more than one process
    ::kill(own_group_ ? -pid_ : pid_, signal);
}

ChildExit ChildProcess::Run(Sink& sink, Interrupt& interrupt) {
    int nap = 1;
    for (;;) {
        interrupt.Check();
        Poll(sink);
        if (stdout_.valid()) continue;
        if (const auto exit = Reap(false)) {
            DrainStderr();
            return *exit;
        }
        // Both pipes have ended, so the process is about to; if it is not, it is looked at ever
        // more rarely.
        if (!stderr_.valid()) {
            Sleep(nap);
            nap = std::min(nap * 2, kWaitMs);
        }
    }
}

ChildExit ChildProcess::Wait(Interrupt& interrupt) {
    DiscardSink nowhere;
    return Run(nowhere, interrupt);
}

void ChildProcess::Poll(Sink& sink) {
    pollfd pipes[] = {{stdout_.get(), POLLIN, 0}, {stderr_.get(), POLLIN, 0}};
    if (!stdout_.valid() && !stderr_.valid()) return;
    if (::poll(pipes, std::size(pipes), kWaitMs) <= 0)
        return; // a time-out, or a signal: the caller looks at interrupts
    if (pipes[1].revents != 0) DrainStderr();
    if (pipes[0].revents != 0) ReadStdout(sink);
}

void ChildProcess::ReadStdout(Sink& sink) {
    const ssize_t got = ::read(stdout_.get(), chunk_.data(), chunk_.size());
    if (got > 0) {
        sink.Write(Bytes(chunk_).first(static_cast<size_t>(got)));
    } else if (got == 0) {
        stdout_.Reset();
    } else if (errno != EAGAIN && errno != EINTR) {
        throw Error(Errc::ChildFailed,
                    "could not read from \"" + program_ + "\": " + ErrnoText(errno));
    }
}

void ChildProcess::DrainStderr() {
    // More rounds than a pipe holds would be a child that writes faster than we read: the caller
    // has other things to do.
    for (int round = 0; round < kStderrRounds && stderr_.valid(); ++round) {
        char piece[4096];
        const ssize_t got = ::read(stderr_.get(), piece, sizeof piece);
        if (got > 0) {
            stderr_text_.append(piece, static_cast<size_t>(got));
            KeepTail(stderr_text_);
        } else if (got == 0) {
            stderr_.Reset();
        } else if (errno != EINTR) {
            if (errno != EAGAIN) stderr_.Reset();
            return;
        }
    }
}

void ChildProcess::WriteStdin(Bytes bytes) {
    NeverInterrupted never;
    WriteStdin(bytes, never);
}

void ChildProcess::WriteStdin(Bytes bytes, Interrupt& interrupt) {
    if (!stdin_.valid()) throw Error(Errc::Internal, "the child's stdin is closed");
    while (!bytes.empty()) {
        interrupt.Check();
        pollfd pipes[] = {{stdin_.get(), POLLOUT, 0}, {stderr_.get(), POLLIN, 0}};
        if (::poll(pipes, std::size(pipes), kWaitMs) <= 0) continue;
        if (pipes[1].revents != 0) DrainStderr();
        if (pipes[0].revents == 0) continue;
        const ssize_t put = ::write(stdin_.get(), bytes.data(), bytes.size());
        if (put >= 0) {
            bytes = bytes.subspan(static_cast<size_t>(put));
        } else if (errno != EAGAIN && errno != EINTR) {
            throw Error(Errc::ChildFailed,
                        "could not write to \"" + program_ + "\": " + ErrnoText(errno));
        }
    }
}

std::optional<ChildExit> ChildProcess::Reap(bool block) {
    while (!exit_) {
        int status = 0;
        const pid_t pid = ::waitpid(pid_, &status, block ? 0 : WNOHANG);
        if (pid == 0) return std::nullopt;
        if (pid == pid_) exit_ = ExitOf(status);
        if (pid < 0 && errno != EINTR) exit_ = ChildExit{-1, 0};
    }
    return exit_;
}

void ThrowChildFailed(const ChildProcess& child, const ChildExit& exit, std::string hint) {
    std::string said = child.stderr_text();
    while (!said.empty() && said.back() == '\n') said.pop_back();
    throw Error(Errc::ChildFailed, "\"" + child.program() + "\" failed with " + exit.Describe(),
                std::move(said), std::move(hint));
}

} // namespace lifeboat
