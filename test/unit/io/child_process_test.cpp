#include "core/io/child_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "core/base/error.h"
#include "core/io/child_launch.h"

namespace lifeboat {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

ChildSpec Shell(const std::string& script) {
    return {
        .program = "/bin/sh", .arguments = {"-c", script}, .environment = {"PATH=/usr/bin:/bin"}};
}

struct Outcome {
    ChildExit exit;
    std::string out;
    std::string err;
};

Outcome RunShell(const ChildSpec& spec) {
    ChildProcess child(spec);
    StringSink out;
    NeverInterrupted never;
    const ChildExit exit = child.Run(out, never);
    return {exit, out.text(), child.stderr_text()};
}

class InterruptAfter final : public Interrupt {
public:
    explicit InterruptAfter(milliseconds delay) : when_(steady_clock::now() + delay) {}
    void Check() override {
        if (steady_clock::now() >= when_) throw Error(Errc::Cancelled, "cancelled by the test");
    }

private:
    steady_clock::time_point when_;
};

template <typename Do>
Error ErrorOf(Do&& act) {
    try {
        act();
    } catch (const Error& error) {
        return error;
    }
    return Error(Errc::Internal, "nothing was thrown");
}

// Gone, or dead and waiting for its new parent.
bool Alive(pid_t pid) {
    std::string path = "/proc/" + std::to_string(pid) + "/stat";
    const UniqueFd fd(::open(path.c_str(), O_RDONLY));
    if (!fd.valid()) return false;
    char text[512] = "";
    [[maybe_unused]] const ssize_t got = ::read(fd.get(), text, sizeof text - 1);
    const std::string_view stat(text);
    return stat.find(") Z ") == stat.npos;
}

bool DiesWithin(pid_t pid, milliseconds limit) {
    const auto end = steady_clock::now() + limit;
    while (steady_clock::now() < end) {
        if (!Alive(pid)) return true;
        std::this_thread::sleep_for(milliseconds(5));
    }
    return false;
}

TEST(ChildProcess, KeepsStdoutAndStderr) {
    const auto outcome = RunShell(Shell("echo out; echo err >&2; exit 3"));
    EXPECT_EQ(outcome.out, "out\n");
    EXPECT_EQ(outcome.err, "err\n");
    EXPECT_EQ(outcome.exit.code, 3);
    EXPECT_FALSE(outcome.exit.ok());
    EXPECT_EQ(outcome.exit.Describe(), "exit code 3");
}

TEST(ChildProcess, SaysWhichSignal) {
    const auto outcome = RunShell(Shell("kill -9 $$"));
    EXPECT_EQ(outcome.exit.signal, 9);
    EXPECT_FALSE(outcome.exit.ok());
    EXPECT_EQ(outcome.exit.Describe(), "signal 9 (Killed)");
}

TEST(ChildProcess, MissingProgram) {
    const Error error = ErrorOf([] { ChildProcess({.program = "/nonexistent/pg_dump"}); });
    EXPECT_EQ(error.code(), Errc::ChildFailed);
    EXPECT_EQ(error.message(),
              "could not start \"/nonexistent/pg_dump\": No such file or directory");
}

TEST(ChildProcess, NotExecutable) {
    const Error error = ErrorOf([] { ChildProcess({.program = "/etc/passwd"}); });
    EXPECT_EQ(error.message(), "could not start \"/etc/passwd\": Permission denied");
}

TEST(ChildProcess, RelativeProgram) {
    const Error error = ErrorOf([] { ChildProcess({.program = "sh"}); });
    EXPECT_EQ(error.message(), "could not start \"sh\": its path is not absolute");
}

TEST(ChildProcess, LargeOutputOnBothPipes) {
    const auto outcome = RunShell(Shell(
        "head -c 3000000 /dev/zero; head -c 1000000 /dev/zero | tr '\\0' e >&2; echo end >&2"));
    EXPECT_EQ(outcome.out.size(), 3000000U);
    EXPECT_EQ(outcome.err.size(), 16U * 1024);
    EXPECT_TRUE(
        outcome.err.ends_with("ee"
                              "end\n"));
}

TEST(ChildProcess, EnvironmentIsComplete) {
    ChildSpec spec = Shell("/usr/bin/env");
    spec.environment = {"ONLY=this"};
    const auto outcome = RunShell(spec);
    EXPECT_NE(outcome.out.find("ONLY=this\n"), outcome.out.npos);
    EXPECT_EQ(outcome.out.find("HOME="), outcome.out.npos);
}

TEST(ChildProcess, InheritsNothing) {
    // Without O_CLOEXEC: what somebody else in this process forgot.
    const UniqueFd low(::open("/etc/passwd", O_RDONLY));
    const UniqueFd high(::fcntl(low.get(), F_DUPFD, 900));
    ASSERT_TRUE(high.valid());
    // 3 is the directory that ls itself reads.
    EXPECT_EQ(RunShell({.program = "/bin/ls", .arguments = {"/proc/self/fd"}}).out, "0\n1\n2\n3\n");
}

TEST(ChildProcess, PassesDescriptors) {
    Pipe one = MakePipe();
    Pipe two = MakePipe();
    FdSink(one.write.get(), "one").Write(AsBytes("first"));
    FdSink(two.write.get(), "two").Write(AsBytes("second"));
    one.write.Reset();
    two.write.Reset();
    ChildSpec spec = Shell("cat <&7; echo; cat <&3; echo; ls /proc/self/fd | tr '\\n' ' '");
    // Crossed on purpose: each sits where the other may have to go.
    spec.pass_fds = {{one.read.get(), 3}, {two.read.get(), 7}};
    EXPECT_EQ(RunShell(spec).out, "second\nfirst\n0 1 2 3 4 7 ");
}

TEST(ChildProcess, PassesSwappedDescriptors) {
    const int base = 20;
    Pipe one = MakePipe();
    Pipe two = MakePipe();
    const UniqueFd at20(::fcntl(one.read.get(), F_DUPFD_CLOEXEC, base));
    const UniqueFd at21(::fcntl(two.read.get(), F_DUPFD_CLOEXEC, base + 1));
    FdSink(one.write.get(), "one").Write(AsBytes("first"));
    FdSink(two.write.get(), "two").Write(AsBytes("second"));
    one.write.Reset();
    two.write.Reset();
    ChildSpec spec = Shell("cat <&8; cat <&9");
    spec.pass_fds = {{at20.get(), 9}, {at21.get(), 8}};
    EXPECT_EQ(RunShell(spec).out, "secondfirst");
    spec.pass_fds = {{at20.get(), 1}};
    EXPECT_EQ(ErrorOf([&] { ChildProcess child(spec); }).code(), Errc::Internal);
}

TEST(ChildProcess, SignalsAreStandardAndUnblocked) {
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t blocked;
    sigset_t before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto outcome =
        RunShell({.program = "/bin/grep", .arguments = {"^Sig[BI]", "/proc/self/status"}});
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    constexpr std::string_view kNone = "SigBlk:\t0000000000000000\nSigIgn:\t";
    ASSERT_TRUE(outcome.out.starts_with(kNone)) << outcome.out;
    // 32 and 33 are the C library's own: nobody can set them, and whoever started us may have left
    // them ignored.
    const uint64_t ignored = std::stoull(outcome.out.substr(kNone.size()), nullptr, 16);
    EXPECT_EQ(ignored & ~(uint64_t{3} << 31), 0U) << outcome.out;
}

TEST(ChildProcess, OwnProcessGroup) {
    ChildSpec spec = Shell("cut -d' ' -f5 /proc/$$/stat; echo $$");
    const std::string both = RunShell(spec).out;
    const std::string group = both.substr(0, both.find('\n'));
    EXPECT_EQ(both, group + "\n" + group + "\n");
    spec.new_process_group = false;
    EXPECT_TRUE(RunShell(spec).out.starts_with(std::to_string(::getpgrp()) + "\n"));
}

TEST(ChildProcess, StdinIsEmptyWithoutPipe) { EXPECT_EQ(RunShell(Shell("wc -c")).out, "0\n"); }

TEST(ChildProcess, WritesStdin) {
    ::signal(SIGPIPE, SIG_IGN);
    ChildSpec spec = Shell("head -c 500000 /dev/zero >&2; wc -c >&2");
    spec.pipe_stdin = true;
    spec.pipe_stdout = false;
    ChildProcess child(spec);
    NeverInterrupted never;
    ChildStdinSink sink(child, never);
    const std::string text(1000000, 'x');
    sink.Write(AsBytes(text)); // would block for ever if stderr were not read meanwhile
    sink.Finish();
    EXPECT_TRUE(child.Wait(never).ok());
    EXPECT_TRUE(child.stderr_text().ends_with("1000000\n"));
}

TEST(ChildProcess, WriteToOneThatIsGone) {
    ::signal(SIGPIPE, SIG_IGN);
    ChildSpec spec = Shell("exec <&-; exit 5");
    spec.pipe_stdin = true;
    ChildProcess child(spec);
    const std::string text(1000000, 'x');
    const Error error = ErrorOf([&] { child.WriteStdin(AsBytes(text)); });
    EXPECT_EQ(error.code(), Errc::ChildFailed);
    EXPECT_EQ(error.message(), "could not write to \"/bin/sh\": Broken pipe");
    NeverInterrupted never;
    EXPECT_EQ(child.Wait(never).code, 5);
}

TEST(ChildProcess, WaitThrowsStdoutAway) {
    ChildProcess child(Shell("head -c 1000000 /dev/zero"));
    NeverInterrupted never;
    EXPECT_TRUE(child.Wait(never).ok());
}

TEST(ChildProcess, InterruptEndsTheWholeGroup) {
    const auto start = steady_clock::now();
    std::string grandchild;
    {
        ChildProcess child(Shell("sleep 60 & echo $!; wait"));
        StringSink out;
        InterruptAfter interrupt(milliseconds(300));
        EXPECT_EQ(ErrorOf([&] { child.Run(out, interrupt); }).code(), Errc::Cancelled);
        grandchild = out.text();
    }
    EXPECT_LT(steady_clock::now() - start, milliseconds(1500));
    ASSERT_FALSE(grandchild.empty());
    EXPECT_TRUE(DiesWithin(std::stoi(grandchild), milliseconds(1000)));
}

TEST(ChildProcess, DestructionKillsOneThatWillNotListen) {
    const auto start = steady_clock::now();
    pid_t pid = -1;
    {
        ChildProcess child(Shell("trap '' TERM; echo ready; while :; do sleep 0.05; done"));
        StringSink out;
        InterruptAfter interrupt(milliseconds(250));
        EXPECT_THROW(child.Run(out, interrupt), Error);
        EXPECT_EQ(out.text(), "ready\n");
        pid = child.pid();
    }
    EXPECT_LT(steady_clock::now() - start, milliseconds(2500));
    EXPECT_FALSE(Alive(pid));
}

TEST(ChildProcess, AnOrphanHoldingStderrDoesNotHoldUs) {
    const auto start = steady_clock::now();
    const auto outcome = RunShell(Shell("sleep 20 >/dev/null & echo $!; echo said >&2"));
    EXPECT_LT(steady_clock::now() - start, milliseconds(1500));
    EXPECT_EQ(outcome.err, "said\n");
    ::kill(std::stoi(outcome.out), SIGKILL);
}

TEST(ChildProcess, ErrorOfTheSinkEndsTheChild) {
    const auto start = steady_clock::now();
    {
        ChildProcess child(Shell("yes"));
        StringSink out(100000);
        NeverInterrupted never;
        EXPECT_EQ(ErrorOf([&] { child.Run(out, never); }).code(), Errc::Damaged);
    }
    EXPECT_LT(steady_clock::now() - start, milliseconds(1500));
}

// A middleman starts a child, tells its pid, and is killed: the child must die too.
TEST(ChildProcess, DiesWithItsParent) {
    Pipe told = MakePipe();
    const pid_t middleman = ::fork();
    if (middleman == 0) {
        ChildProcess child(Shell("exec sleep 60"));
        const pid_t pid = child.pid();
        [[maybe_unused]] const ssize_t put = ::write(told.write.get(), &pid, sizeof pid);
        ::pause();
    }
    pid_t pid = -1;
    ASSERT_EQ(::read(told.read.get(), &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
    EXPECT_TRUE(Alive(pid));
    ::kill(middleman, SIGKILL);
    ::waitpid(middleman, nullptr, 0);
    EXPECT_TRUE(DiesWithin(pid, milliseconds(2000)));
}

TEST(ChildProcess, FailureWithItsWords) {
    ChildProcess child(Shell("echo 'first' >&2; echo 'connection refused' >&2; exit 1"));
    NeverInterrupted never;
    const ChildExit exit = child.Wait(never);
    const Error error = ErrorOf([&] { ThrowChildFailed(child, exit, "Look at pg_hba.conf."); });
    EXPECT_EQ(error.code(), Errc::ChildFailed);
    EXPECT_EQ(error.message(), "\"/bin/sh\" failed with exit code 1");
    EXPECT_EQ(error.detail(), "first\nconnection refused");
    EXPECT_EQ(error.hint(), "Look at pg_hba.conf.");
}

} // namespace
} // namespace lifeboat
