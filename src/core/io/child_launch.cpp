#include "core/io/child_launch.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/base/error.h"

namespace lifeboat {
namespace {

constexpr int kNotStarted = 127;

struct Move {
    int from;
    int to;
};

// Everything the child needs, made before fork: between fork and exec only async-signal-safe calls
// are allowed (another thread may have held the allocator's lock).
struct Launch {
    const char* program;
    std::vector<char*> arguments;
    std::vector<char*> environment;
    std::vector<Move> moves;
    int highest = STDERR_FILENO; // the highest descriptor the program will have
    int report;
    bool new_group;
    pid_t parent;
};

std::vector<char*> Pointers(const std::vector<std::string>& texts, const std::string* first) {
    std::vector<char*> pointers;
    if (first != nullptr)
        pointers.push_back(const_cast<char*>(first->c_str())); // exec takes char*, changes nothing
    for (const auto& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

Launch Prepare(const ChildSpec& spec, const ChildEnds& ends, int report) {
    Launch launch{
        .program = spec.program.c_str(),
        .arguments = Pointers(spec.arguments, &spec.program),
        .environment = Pointers(spec.environment, nullptr),
        .moves = {{ends.in, STDIN_FILENO}, {ends.out, STDOUT_FILENO}, {ends.err, STDERR_FILENO}},
        .report = report,
        .new_group = spec.new_process_group,
        .parent = ::getpid()};
    for (const auto& [from, to] : spec.pass_fds) {
        launch.moves.push_back({from, to});
        launch.highest = std::max(launch.highest, to);
    }
    return launch;
}

void CloseFrom(int first) noexcept {
    if (::close_range(static_cast<unsigned>(first), ~0U, 0) == 0) return;
    // Kernels before 5.9, and sandboxes that know it not.
    const long limit = ::sysconf(_SC_OPEN_MAX);
    for (int fd = first; fd < limit; ++fd) ::close(fd);
}

bool IsTarget(const Launch& launch, int fd) noexcept {
    return std::any_of(launch.moves.begin(), launch.moves.end(),
                       [fd](const Move& move) { return move.to == fd; });
}

// Two steps, because a descriptor may sit where another one has to go.
bool PlaceDescriptors(Launch& launch) noexcept {
    const int spare = launch.highest + 2;
    for (Move& move : launch.moves) {
        move.from = ::fcntl(move.from, F_DUPFD_CLOEXEC, spare);
        if (move.from < 0) return false;
    }
    const int report = ::fcntl(launch.report, F_DUPFD_CLOEXEC, spare);
    if (report < 0) return false;
    launch.report = report;
    for (const Move& move : launch.moves) {
        if (::dup2(move.from, move.to) < 0) return false;
    }
    if (::dup3(launch.report, launch.highest + 1, O_CLOEXEC) < 0) return false;
    launch.report = launch.highest + 1;
    CloseFrom(launch.highest + 2);
    for (int fd = STDERR_FILENO + 1; fd <= launch.highest; ++fd) {
        if (!IsTarget(launch, fd)) ::close(fd);
    }
    return true;
}

void ResetSignals() noexcept {
    struct sigaction standard = {};
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
}

[[noreturn]] void ReportAndExit(const Launch& launch) noexcept {
    const int saved_errno = errno;
    // Nobody is left to tell when even this fails.
    [[maybe_unused]] const ssize_t put = ::write(launch.report, &saved_errno, sizeof saved_errno);
    ::_exit(kNotStarted);
}

[[noreturn]] void RunChild(Launch& launch) noexcept {
    ResetSignals();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != launch.parent) ::_exit(kNotStarted); // it died before the line above
    if (launch.new_group) ::setpgid(0, 0);
    if (!PlaceDescriptors(launch)) ReportAndExit(launch);
    sigset_t none;
    ::sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    ::execve(launch.program, launch.arguments.data(), launch.environment.data());
    ReportAndExit(launch);
}

// Handlers of this process must not run in the child: all signals wait until it has reset them.
pid_t ForkMasked(Launch& launch) {
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = ::fork();
    const int saved_errno = errno;
    if (pid == 0) RunChild(launch);
    if (pid > 0 && launch.new_group)
        ::setpgid(pid, pid); // whoever comes first: Kill() needs the group at once
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0)
        throw Error(Errc::ChildFailed, "could not start a process: " + ErrnoText(saved_errno));
    return pid;
}

void CheckSpec(const ChildSpec& spec) {
    if (!spec.program.starts_with('/')) {
        throw Error(Errc::ChildFailed,
                    "could not start \"" + spec.program + "\": its path is not absolute");
    }
    for (const auto& [from, to] : spec.pass_fds) {
        if (from < 0 || to <= STDERR_FILENO) {
            throw Error(Errc::Internal, "descriptor " + std::to_string(from) +
                                            " cannot be passed to a child as " +
                                            std::to_string(to));
        }
    }
}

} // namespace

Pipe MakePipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        throw Error(Errc::ChildFailed, "could not create a pipe: " + ErrnoText(errno));
    }
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

pid_t LaunchChild(const ChildSpec& spec, const ChildEnds& ends) {
    CheckSpec(spec);
    Pipe report = MakePipe();
    Launch launch = Prepare(spec, ends, report.write.get());
    const pid_t pid = ForkMasked(launch);
    report.write.Reset();
    int child_errno = 0;
    ssize_t got = 0;
    do {
        got = ::read(report.read.get(), &child_errno, sizeof child_errno);
    } while (got < 0 && errno == EINTR);
    if (got == 0) return pid; // exec closed the pipe
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    throw Error(Errc::ChildFailed,
                "could not start \"" + spec.program + "\": " + ErrnoText(child_errno));
}

} // namespace lifeboat
