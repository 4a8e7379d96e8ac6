// Keys are made, and passphrases asked for.
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include "core/base/error.h"
#include "core/base/unique_fd.h"
#include "run_lifeboat.h"

namespace lifeboat::test {
namespace {

TEST(Keygen, MakesFilesOfTheRightModesOnce) {
    const TempDir directory;
    const std::string keys = directory / "keys";
    const Said said = Lifeboat({"keygen", keys, "--no-passphrase"});
    ASSERT_EQ(said.code, 0) << said.err;
    const auto mode = [](const std::string& path) {
        struct stat status {};
        return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0U;
    };
    EXPECT_EQ(mode(keys), 0700U);
    for (const char* name : {"recovery.key", "server.secret", "signer.key"}) {
        EXPECT_EQ(mode(keys + "/" + name), 0600U) << name;
    }
    EXPECT_EQ(ReadFile(keys + "/server.secret").size(), 65U);
    EXPECT_EQ(ReadFile(keys + "/recovery-sheet.txt"), said.out);
    EXPECT_NE(said.out.find(ReadFile(keys + "/signer.pub")), std::string::npos);
    EXPECT_NE(said.out.find("$(ls -v keys/$K.*.cms | tail -n 1)"),
              std::string::npos); // .10 after .9

    const std::string before = ReadFile(keys + "/recovery.key");
    const Said again = Lifeboat({"keygen", keys, "--no-passphrase"});
    EXPECT_EQ(again.code, 6);
    EXPECT_TRUE(
        again.err.starts_with("lifeboat: error: \"" + keys + "/recovery.key\" exists already\n"))
        << again.err;
    EXPECT_EQ(ReadFile(keys + "/recovery.key"), before);
}

TEST(Keygen, ProtectsTheRecoveryKeyWithAPassphrase) {
    const TempDir directory;
    WriteFile(directory / "passphrase", "correct horse\n", 0600);
    const Said said =
        Lifeboat({"keygen", directory / "keys", "--passphrase-file", directory / "passphrase"});
    ASSERT_EQ(said.code, 0) << said.err;
    EXPECT_NE(ReadFile(directory / "keys/recovery.key").find("ENCRYPTED PRIVATE KEY"),
              std::string::npos);
}

// Types `lines` at the program's terminal, each when it asks; what it printed there and its exit
// code.
Said OnTerminal(const std::vector<std::string>& arguments, const std::vector<std::string>& lines) {
    int terminal = -1;
    const pid_t pid = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    // To kill "process -1" would be to kill all of them.
    if (pid < 0)
        throw std::runtime_error("this machine gives out no terminal: " + ErrnoText(errno));
    if (pid == 0) {
        std::vector<char*> argv{const_cast<char*>(LIFEBOAT_BINARY)};
        for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
        argv.push_back(nullptr);
        ::execv(LIFEBOAT_BINARY, argv.data());
        ::_exit(127);
    }
    const UniqueFd fd(terminal);
    Said said;
    size_t asked = 0;
    size_t seen = 0;
    char piece[4096];
    for (;;) {
        pollfd ready{fd.get(), POLLIN, 0};
        if (::poll(&ready, 1, 60'000) == 0) ::kill(pid, SIGKILL); // waits for what nobody types
        const ssize_t got = ::read(fd.get(), piece, sizeof piece);
        if (got <= 0) break;
        said.out.append(piece, static_cast<size_t>(got));
        const size_t prompt = said.out.find(": ", seen);
        if (asked == lines.size() || prompt == std::string::npos) continue;
        seen = prompt + 2;
        const std::string line = lines[asked++] + "\n";
        EXPECT_EQ(::write(fd.get(), line.data(), line.size()), static_cast<ssize_t>(line.size()));
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    said.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return said;
}

TEST(Keygen, AsksForThePassphraseTwiceWithoutEcho) {
    const TempDir directory;
    const Said said =
        OnTerminal({"keygen", directory / "keys"}, {"correct horse", "correct horse"});
    EXPECT_EQ(said.code, 0) << said.out;
    EXPECT_TRUE(said.out.starts_with("Passphrase for the recovery key: \r\nOnce more: \r\n"))
        << said.out;
    EXPECT_EQ(said.out.find("correct"), std::string::npos);
    EXPECT_NE(ReadFile(directory / "keys/recovery.key").find("ENCRYPTED PRIVATE KEY"),
              std::string::npos);

    const Said differ =
        OnTerminal({"keygen", directory / "other"}, {"correct horse", "wrong horse"});
    EXPECT_EQ(differ.code, 1);
    EXPECT_NE(differ.out.find("lifeboat: error: the two passphrases differ\r\n"), std::string::npos)
        << differ.out;
    EXPECT_FALSE(std::filesystem::exists(directory / "other/recovery.key"));
}

TEST_F(Verbs, ThePassphraseOfARecoveryKeyIsAskedForOnTheTerminal) {
    Take();
    ASSERT_EQ(Lifeboat({"keygen", directory_ / "new", "--passphrase-file",
                        (WriteFile(directory_ / "passphrase", "correct horse\n", 0600),
                         directory_ / "passphrase")})
                  .code,
              0);
    ASSERT_EQ(Run({"rotate", "--recovery-key", directory_ / "recovery.key", "--recipient",
                   directory_ / "new/recovery.crt"})
                  .code,
              0);
    const std::vector<std::string> cat = {"cat",
                                          "latest",
                                          "--globals",
                                          "--store",
                                          "file://" + (directory_ / "store"),
                                          "--recovery-key",
                                          directory_ / "new/recovery.key",
                                          "--signer-public",
                                          directory_ / "signer.pub"};
    const Said said = OnTerminal(cat, {"correct horse"});
    EXPECT_EQ(said.code, 0);
    EXPECT_EQ(said.out,
              "Passphrase of " + (directory_ / "new/recovery.key") + ": \r\nCREATE ROLE shop;\r\n");
    EXPECT_EQ(OnTerminal(cat, {"wrong horse"}).code, 5);
}

} // namespace
} // namespace lifeboat::test
