#include "core/crypto/secret_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "core/io/child_launch.h"
#include "crypto_test_support.h"
#include "support/system.h"

namespace lifeboat {
namespace {

NeverInterrupted g_never;

std::string Read(std::string_view source, std::string_view option = "secret") {
    return ReadSecret(ParseSecretSource(source, option, true), option, g_never);
}

TEST(SecretSource, Parses) {
    const auto expect = [](std::string_view text, bool plain, SourceKind kind,
                           std::string_view value) {
        const SecretSource source = ParseSecretSource(text, "secret", plain);
        EXPECT_EQ(source.kind, kind) << text;
        EXPECT_EQ(source.value, value) << text;
    };
    expect("file:/etc/key", false, SourceKind::kFile, "/etc/key");
    expect("command:vault read -field=x y:z", false, SourceKind::kCommand,
           "vault read -field=x y:z");
    expect("env:KEY", false, SourceKind::kEnv, "KEY");
    expect("fd:3", true, SourceKind::kFd, "3");
    expect("keys/secret", true, SourceKind::kFile, "keys/secret");
    expect("file:relative", true, SourceKind::kFile, "relative");
}

TEST(SecretSource, RefusesWithoutRepeatingTheText) {
    const std::string secret(64, 'a');
    const Error plain = ErrorOf([&] { ParseSecretSource(secret, "secret", false); });
    EXPECT_EQ(plain.code(), Errc::InvalidValue);
    EXPECT_EQ(plain.message(),
              "bad source of \"secret\": it begins with none of file:, command:, env:");
    EXPECT_EQ(plain.detail(), "A secret is never given itself, only where it is.");
    EXPECT_EQ(plain.hint(), "Use file:/PATH, command:COMMAND or env:NAME.");
    const auto problem = [](std::string_view text, bool plain_is_file) {
        return ErrorOf([&] { ParseSecretSource(text, "--secret", plain_is_file); }).message();
    };
    EXPECT_EQ(problem("fd:3", false),
              "bad source of \"--secret\": it begins with none of file:, command:, env:");
    EXPECT_EQ(problem("file:key", false),
              "bad source of \"--secret\": path \"key\" is not absolute");
    EXPECT_EQ(problem("file:", true), "bad source of \"--secret\": nothing follows the colon");
    EXPECT_EQ(problem("env:", false), "bad source of \"--secret\": nothing follows the colon");
    EXPECT_EQ(problem("fd:x", true),
              "bad source of \"--secret\": what follows fd: is not a number");
    EXPECT_EQ(problem("fd:-1", true),
              "bad source of \"--secret\": what follows fd: is not a number");
    EXPECT_EQ(ErrorOf([] { ParseSecretSource("", "--secret", true); }).hint(),
              "Use file:PATH, command:COMMAND, env:NAME or fd:NUMBER; a plain path is a file.");
}

TEST(SecretSource, FileOfOwnUser) {
    const TempDir dir;
    EXPECT_EQ(Read("file:" + dir.File("a", "s3cret\n", 0600)), "s3cret\n");
    EXPECT_EQ(Read(dir.File("b", "s3cret", 0400)), "s3cret");
}

TEST(SecretSource, FileOfOwnUserWithOtherModes) {
    const TempDir dir;
    for (const unsigned mode : {0644U, 0660U, 0604U, 0700U, 0440U, 04600U, 0000U}) {
        if (mode == 0 && ::geteuid() != 0) continue;
        const std::string path = dir.File("key", "s3cret", mode);
        const Error error = ErrorOf([&] { Read(path); });
        EXPECT_EQ(error.code(), Errc::Permission) << std::oct << mode;
    }
    const std::string path = dir.File("key", "s3cret", 0644);
    const Error error = ErrorOf([&] { Read(path); });
    EXPECT_EQ(
        error.message(),
        "file \"" + path +
            "\" given as \"secret\" has mode 0644, which others may read or which is unusual");
    EXPECT_EQ(error.detail(),
              "A secret file must belong to the user that reads it and have mode 0600 or 0400, or "
              "belong to root and "
              "have mode 0640.");
    EXPECT_EQ(error.hint(), "chmod 600 " + path);
}

TEST(SecretSource, FileOfRootWithMode0640) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    const TempDir dir;
    EXPECT_EQ(Read(dir.File("key", "s3cret", 0640)), "s3cret");
}

TEST(SecretSource, FileOfAnotherUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    const TempDir dir;
    const std::string path = dir.File("key", "s3cret", 0600);
    ASSERT_EQ(::chown(path.c_str(), 65534, 65534), 0);
    const Error error = ErrorOf([&] { Read(path); });
    EXPECT_EQ(error.code(), Errc::Permission);
    EXPECT_EQ(
        error.message(),
        "file \"" + path +
            "\" given as \"secret\" belongs to user \"nobody\" with mode 0600, but is read by user "
            "\"root\"");
    EXPECT_EQ(error.hint(),
              "Run this as user \"nobody\" (runuser -u nobody -- …), or use a copy of your own: "
              "install -m 600 -o root " +
                  path + " COPY");
}

TEST(SecretSource, FileOfRootThatAServerIsToRead) {
    if (!test::IsRoot()) GTEST_SKIP() << "needs root to play two users";
    const TempDir dir;
    const std::string path = dir.File("key", "s3cret", 0644);
    ASSERT_EQ(::chmod(dir.Path(".").c_str(), 0755), 0);
    const test::AsUser nobody(65534);
    EXPECT_EQ(ErrorOf([&] { Read(path); }).hint(),
              "chown nobody " + path + " && chmod 600 " + path);
}

TEST(SecretSource, FilesThatMayNotBeRead) {
    if (!test::IsRoot()) GTEST_SKIP() << "needs root to play two users";
    const TempDir dir;
    const std::string path = dir.File("key", "s3cret", 0600);
    ASSERT_EQ(::chmod(dir.Path(".").c_str(), 0755), 0);
    {
        const test::AsUser nobody(65534);
        const Error error = ErrorOf([&] { Read(path); });
        EXPECT_EQ(error.code(), Errc::KeyMissing);
        EXPECT_EQ(error.message(),
                  "could not read file \"" + path + "\" given as \"secret\": Permission denied");
        EXPECT_EQ(error.detail(), "\"" + path +
                                      "\" belongs to user \"root\" and has mode 0600; this "
                                      "process runs as user \"nobody\".");
        EXPECT_EQ(error.hint(),
                  "Put a copy where user \"nobody\" can read it: install -d -m 700 -o nobody DIR "
                  "&& install -m 600 -o nobody " +
                      path + " DIR");
    }
    // Another user's directory: who typed may be the wrong one, or what was typed.
    constexpr uid_t kDaemon = 1;
    ASSERT_EQ(::chown(dir.Path(".").c_str(), kDaemon, kDaemon), 0);
    ASSERT_EQ(::chmod(dir.Path(".").c_str(), 0700), 0);
    const test::AsUser nobody(65534);
    const Error error = ErrorOf([&] { ReadPublicFile(path, "recipients"); });
    EXPECT_EQ(error.message(),
              "could not read file \"" + path + "\" given as \"recipients\": Permission denied");
    EXPECT_EQ(error.detail(), "\"" + std::filesystem::path(path).parent_path().string() +
                                  "\" belongs to user \"daemon\" and has mode 0700; this process "
                                  "runs as user \"nobody\".");
    EXPECT_EQ(error.hint(),
              "Run this as user \"daemon\" (runuser -u daemon -- …), or put a copy where user "
              "\"nobody\" can read it: install -d -m 700 -o nobody DIR && install -m 644 -o "
              "nobody " +
                  path + " DIR");
}

TEST(SecretSource, FilesThatCannotBeRead) {
    const TempDir dir;
    const std::string missing = dir.Path("missing");
    const Error error = ErrorOf([&] { Read(missing); });
    EXPECT_EQ(error.code(), Errc::KeyMissing);
    EXPECT_EQ(error.message(), "could not read file \"" + missing +
                                   "\" given as \"secret\": No such file or directory");
    const std::string empty = dir.File("empty", "");
    EXPECT_EQ(ErrorOf([&] { Read(empty); }).message(),
              "file \"" + empty + "\" given as \"secret\" is empty");
    const std::string fifo = dir.Path("fifo");
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_EQ(ErrorOf([&] { Read(fifo); }).message(),
              "file \"" + fifo + "\" given as \"secret\" is not a regular file");
    const std::string large = dir.File("large", std::string(65537, 'x'));
    EXPECT_EQ(ErrorOf([&] { Read(large); }).message(),
              "file \"" + large + "\" given as \"secret\" gives more than 65536 bytes");
    EXPECT_EQ(Read(dir.File("largest", std::string(65536, 'x'))).size(), 65536U);
}

TEST(SecretSource, Command) {
    ::setenv("LIFEBOAT_TEST_WORD", "from the environment", 1);
    EXPECT_EQ(Read("command:printf '%s' \"$LIFEBOAT_TEST_WORD\""), "from the environment");
}

TEST(SecretSource, CommandThatFails) {
    const Error failed = ErrorOf(
        [] { Read("command:echo s3cret; echo one >&2; echo 'permission denied' >&2; exit 4"); });
    EXPECT_EQ(failed.code(), Errc::KeyMissing);
    EXPECT_EQ(
        failed.message(),
        "command \"echo s3cret; echo one >&2; echo 'permission denied' >&2; exit 4\" given as "
        "\"secret\" failed with exit code 4");
    EXPECT_EQ(failed.detail(), "permission denied");
    const Error silent = ErrorOf([] { Read("command:true"); });
    EXPECT_EQ(silent.code(), Errc::KeyMissing);
    EXPECT_EQ(silent.message(), "command \"true\" given as \"secret\" printed nothing");
    EXPECT_EQ(ErrorOf([] { Read("command:kill -9 $$"); }).message(),
              "command \"kill -9 $$\" given as \"secret\" failed with signal 9 (Killed)");
    EXPECT_EQ(ErrorOf([] { Read("command:yes"); }).message(),
              "command \"yes\" given as \"secret\" gives more than 65536 bytes");
}

TEST(SecretSource, CommandIsInterrupted) {
    class Once final : public Interrupt {
        void Check() override {
            if (++calls_ == 3) throw Error(Errc::Cancelled, "cancelled by the test");
        }
        int calls_ = 0;
    } interrupt;
    const auto start = std::chrono::steady_clock::now();
    const auto source = ParseSecretSource("command:sleep 30", "secret", false);
    EXPECT_EQ(ErrorOf([&] { ReadSecret(source, "secret", interrupt); }).code(), Errc::Cancelled);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST(SecretSource, EnvironmentVariable) {
    ::setenv("LIFEBOAT_TEST_SECRET", "s3cret", 1);
    EXPECT_EQ(Read("env:LIFEBOAT_TEST_SECRET"), "s3cret");
    ::setenv("LIFEBOAT_TEST_SECRET", "", 1);
    EXPECT_EQ(ErrorOf([] { Read("env:LIFEBOAT_TEST_SECRET"); }).message(),
              "environment variable \"LIFEBOAT_TEST_SECRET\" given as \"secret\" is empty");
    ::unsetenv("LIFEBOAT_TEST_SECRET");
    const Error error = ErrorOf([] { Read("env:LIFEBOAT_TEST_SECRET"); });
    EXPECT_EQ(error.code(), Errc::KeyMissing);
    EXPECT_EQ(error.message(),
              "environment variable \"LIFEBOAT_TEST_SECRET\" given as \"secret\" is not set");
}

TEST(SecretSource, Descriptor) {
    Pipe pipe = MakePipe();
    FdSink(pipe.write.get(), "pipe").Write(AsBytes("s3cret"));
    pipe.write.Reset();
    const std::string source = "fd:" + std::to_string(pipe.read.get());
    EXPECT_EQ(Read(source), "s3cret");
    EXPECT_EQ(ErrorOf([&] { Read(source); }).code(), Errc::KeyMissing) << "it is empty now";
    const Error error = ErrorOf([] { Read("fd:999999"); });
    EXPECT_EQ(error.code(), Errc::KeyMissing);
    EXPECT_EQ(error.message(),
              "could not read descriptor \"999999\" given as \"secret\": Bad file descriptor");
}

TEST(SecretSource, PublicFile) {
    const TempDir dir;
    const std::string path = dir.File("certificate", "text", 0644);
    EXPECT_EQ(ReadPublicFile(path, "recipients"), "text");
    const std::string missing = dir.Path("missing");
    EXPECT_EQ(ErrorOf([&] { ReadPublicFile(missing, "recipients"); }).message(),
              "could not read file \"" + missing +
                  "\" given as \"recipients\": No such file or directory");
    EXPECT_EQ(ErrorOf([&] { ReadPublicFile(dir.Path("."), "recipients"); }).code(),
              Errc::Permission);
}

} // namespace
} // namespace lifeboat
