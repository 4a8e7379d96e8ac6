// What a directory store does beyond the contract: modes, links, odd files, temporaries, and its
// words.
#include "core/store/dir_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <filesystem>
#include <set>

#include "core/store/dir_publish.h"
#include "core/store/dir_temporary.h"
#include "support/expect_error.h"
#include "support/system.h"
#include "support/temp_dir.h"

namespace lifeboat::test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

class DirStoreTest : public testing::Test {
protected:
    DirStoreTest() : driver_(directory_.path()) {}

    // Everything in the directory, links and temporaries too.
    std::set<std::string> Files() const {
        std::set<std::string> files;
        for (const auto& entry : fs::recursive_directory_iterator(directory_.path())) {
            if (!entry.is_directory() || entry.is_symlink())
                files.insert(fs::relative(entry.path(), directory_.path()));
        }
        return files;
    }
    std::set<std::string> Listed() {
        std::set<std::string> names;
        store_.List("", [&](const StoreObject& object) { names.insert(object.name); });
        return names;
    }
    std::string Root() const { return Quoted(directory_.path()); }

    TempDir directory_;
    DirStore driver_;
    Store& store_ = driver_;
};

mode_t ModeOf(const std::string& path) {
    struct stat found {};
    EXPECT_EQ(lstat(path.c_str(), &found), 0) << path;
    return found.st_mode & 07777;
}

TEST_F(DirStoreTest, FilesAndDirectoriesBelongToTheirOwnerAlone) {
    const mode_t before = umask(0);
    store_.Put("objects/ab/1", AsBytes("x"));
    umask(before);
    EXPECT_EQ(ModeOf(directory_ / "objects"), 0700U);
    EXPECT_EQ(ModeOf(directory_ / "objects/ab"), 0700U);
    EXPECT_EQ(ModeOf(directory_ / "objects/ab/1"), 0600U);
    EXPECT_EQ(ReadFile(directory_ / "objects/ab/1"), "x");
}

TEST_F(DirStoreTest, WritesUnderATemporaryNameBesideTheFinalOne) {
    {
        const auto sink = store_.Create("objects/ab/1");
        sink->Write(AsBytes("x"));
        const auto files = Files();
        ASSERT_EQ(files.size(), 1U);
        EXPECT_TRUE(files.begin()->starts_with("objects/ab/.tmp-" + std::to_string(getpid()) + "-"))
            << *files.begin();
        EXPECT_TRUE(Listed().empty());
    }
    EXPECT_TRUE(Files().empty());
    store_.Put("objects/ab/1", AsBytes("x"));
    EXPECT_EQ(Files(), std::set<std::string>{"objects/ab/1"});
}

TEST_F(DirStoreTest, RemovesDirectoriesThatBecameEmpty) {
    store_.Put("backups/b/started", {});
    store_.Put("backups/b/manifest.json", {});
    store_.Remove("backups/b/started");
    EXPECT_TRUE(fs::exists(directory_ / "backups/b"));
    store_.Remove("backups/b/manifest.json");
    EXPECT_FALSE(fs::exists(directory_ / "backups"));
    EXPECT_TRUE(fs::exists(directory_.path()));
    store_.Put("backups/b/started", {}); // and they are made again
    EXPECT_TRUE(store_.Exists("backups/b/started"));
}

TEST_F(DirStoreTest, PropertiesNameTheFileSystem) {
    const StoreProperties properties = store_.Properties();
    EXPECT_EQ(properties.url, "file://" + directory_.path());
    ASSERT_TRUE(properties.free_bytes.has_value());
    EXPECT_GT(*properties.free_bytes, 0U);
    struct stat found {};
    ASSERT_EQ(stat(directory_.path().c_str(), &found), 0);
    EXPECT_EQ(properties.file_system, std::to_string(gnu_dev_major(found.st_dev)) + ":" +
                                          std::to_string(gnu_dev_minor(found.st_dev)));
}

// --- what lies in the way
// -------------------------------------------------------------------------

TEST_F(DirStoreTest, AMissingRootIsNeverMade) {
    DirStore driver(directory_ / "absent");
    Store& store = driver;
    const std::string message =
        "store directory " + Quoted(directory_ / "absent") + " does not exist";
    for (const auto& thrown :
         {Catch([&] { store.Put("a", {}); }), Catch([&] { store.Get("a"); }),
          Catch([&] { store.Stat("a"); }), Catch([&] { store.Remove("a"); }),
          Catch([&] { store.List("", [](const StoreObject&) {}); }),
          Catch([&] { store.Properties(); }), Catch([&] { store.RemoveStaleTemporaries(); })}) {
        EXPECT_EQ(thrown.code, Errc::StoreMissing);
        EXPECT_EQ(thrown.fault, StoreFault::kPermanent);
        EXPECT_EQ(thrown.message, message);
        EXPECT_EQ(thrown.hint, "Is it mounted?");
    }
    EXPECT_FALSE(fs::exists(directory_ / "absent"));
    EXPECT_FALSE(fs::exists(directory_ / "absent/objects"));
}

TEST_F(DirStoreTest, ARootThatIsAFile) {
    WriteFile(directory_ / "file", "x");
    DirStore store(directory_ / "file");
    const Thrown thrown = Catch([&] { store.Put("a", {}); });
    EXPECT_EQ(thrown.code, Errc::StoreMissing);
    EXPECT_EQ(thrown.message,
              "store directory " + Quoted(directory_ / "file") + " is not a directory");
}

TEST_F(DirStoreTest, ARootThatWasTakenAwayOrReplaced) {
    fs::create_directory(directory_ / "root");
    DirStore store(directory_ / "root");
    store.Put("a", {});
    fs::rename(directory_ / "root", directory_ / "moved");
    EXPECT_EQ(Catch([&] { store.Put("b", {}); }).message,
              "store directory " + Quoted(directory_ / "root") + " does not exist");

    DirStore other(directory_ / "moved");
    other.Put("c", {});
    fs::rename(directory_ / "moved", directory_ / "away");
    fs::create_directory(directory_ / "moved");
    const Thrown thrown = Catch([&] { other.Put("d", {}); });
    EXPECT_EQ(thrown.code, Errc::StoreMissing);
    EXPECT_EQ(thrown.message, "store directory " + Quoted(directory_ / "moved") +
                                  " is no longer the one that was opened");
    EXPECT_EQ(thrown.hint, "Was its file system mounted or unmounted meanwhile?");
    EXPECT_TRUE(fs::is_empty(directory_ / "moved"));
}

TEST_F(DirStoreTest, ARootMayBeReachedThroughALink) {
    fs::create_directory(directory_ / "real");
    fs::create_symlink("real", directory_ / "link");
    DirStore store(directory_ / "link");
    store.Put("a", AsBytes("x"));
    EXPECT_EQ(ReadFile(directory_ / "real/a"), "x");
}

TEST_F(DirStoreTest, FollowsNoLinkBelowTheRoot) {
    TempDir outside;
    WriteFile(outside / "secret", "secret");
    fs::create_symlink(outside / "secret", directory_ / "repo.json");
    fs::create_directory_symlink(outside.path(), directory_ / "objects");
    const Thrown file = Catch([&] { store_.Get("repo.json"); });
    EXPECT_EQ(file.code, Errc::Damaged);
    EXPECT_EQ(file.message,
              "\"repo.json\" in store directory " + Root() + " is not a regular file");
    EXPECT_EQ(file.detail, "It is a symbolic link.");
    EXPECT_EQ(Catch([&] { store_.Stat("repo.json"); }).message, file.message);
    EXPECT_EQ(Catch([&] { store_.Put("repo.json", {}); }).fault, StoreFault::kExists);

    const std::string directory_message =
        "\"objects\" in store directory " + Root() + " is not a directory";
    EXPECT_EQ(Catch([&] { store_.Get("objects/secret"); }).message, directory_message);
    EXPECT_EQ(Catch([&] { store_.Stat("objects/secret"); }).message, directory_message);
    EXPECT_EQ(Catch([&] { store_.Put("objects/new", {}); }).message, directory_message);
    EXPECT_EQ(Catch([&] { store_.Remove("objects/secret"); }).message, directory_message);
    EXPECT_TRUE(Listed().empty());
    EXPECT_EQ(ReadFile(outside / "secret"), "secret");
    EXPECT_FALSE(fs::exists(outside / "new"));
}

TEST_F(DirStoreTest, ADanglingLinkIsNoFreeName) {
    TempDir outside;
    fs::create_symlink(outside / "target", directory_ / "repo.json");
    EXPECT_EQ(Catch([&] { store_.Put("repo.json", AsBytes("x")); }).fault, StoreFault::kExists);
    EXPECT_FALSE(fs::exists(outside / "target"));
    store_.Remove("repo.json"); // takes the link away, not what it points to
    EXPECT_TRUE(Files().empty());
}

TEST_F(DirStoreTest, ReadsRegularFilesOnly) {
    fs::create_directory(directory_ / "directory");
    ASSERT_EQ(mkfifo((directory_ / "fifo").c_str(), 0600), 0);
    WriteFile(directory_ / "file", "x");
    const Thrown directory = Catch([&] { store_.Get("directory"); });
    EXPECT_EQ(directory.message,
              "\"directory\" in store directory " + Root() + " is not a regular file");
    EXPECT_EQ(directory.detail, "It is a directory.");
    const Thrown fifo = Catch([&] { store_.Get("fifo"); }); // does not wait for a writer
    EXPECT_EQ(fifo.code, Errc::Damaged);
    EXPECT_EQ(fifo.detail, "It is a FIFO.");
    const Thrown below = Catch([&] { store_.Get("file/x"); });
    EXPECT_EQ(below.message, "\"file\" in store directory " + Root() + " is not a directory");
    EXPECT_EQ(below.detail, "It is a regular file.");
    EXPECT_EQ(Listed(), std::set<std::string>{"file"});
}

TEST_F(DirStoreTest, ListsNothingThatIsNotAnObject) {
    store_.Put("objects/ab/1", {});
    for (const std::string odd :
         {"UPPER", "with space", ".hidden", "objects/ab/.tmp-1-0123456789abcdef01234567",
          "\xc3\xa4", "objects/new\nline", "lost+found"}) {
        WriteFile(directory_ / odd, "x");
    }
    fs::create_directory(directory_ / ".snapshots");
    WriteFile(directory_ / ".snapshots/1", "x");
    EXPECT_EQ(Listed(), std::set<std::string>{"objects/ab/1"});
}

// --- temporaries
// ----------------------------------------------------------------------------------

pid_t DeadProcess() {
    const pid_t pid = fork();
    if (pid == 0) _exit(0);
    waitpid(pid, nullptr, 0);
    return pid;
}

// As MakeTemporaryName, for another process.
std::string TemporaryOf(pid_t pid, const std::string& host = {}) {
    std::string name = MakeTemporaryName();
    const size_t dash = name.find('-', 5);
    name = ".tmp-" + std::to_string(pid) + name.substr(dash);
    if (!host.empty()) name.replace(name.find('-', 5) + 1, 8, host);
    return name;
}

void MakeOld(const std::string& path) {
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(25));
}

TEST_F(DirStoreTest, RemovesTheTemporariesOfTheDead) {
    store_.Put("objects/ab/1", {});
    const auto sink = store_.Create("objects/ab/2"); // ours, alive
    const auto living = Files();
    const pid_t dead = DeadProcess();
    WriteFile(directory_ / TemporaryOf(dead), "x");
    WriteFile(directory_ / ("objects/ab/" + TemporaryOf(dead)), "x");
    const std::string elsewhere =
        "objects/ab/" + TemporaryOf(dead, "00000000"); // a pid of another host says nothing
    WriteFile(directory_ / elsewhere, "x");
    const std::string old = "objects/ab/" + TemporaryOf(getpid(), "00000000");
    WriteFile(directory_ / old, "x");
    MakeOld(directory_ / old);
    WriteFile(directory_ / "objects/ab/.tmp-notes", "somebody's own");
    MakeOld(directory_ / "objects/ab/.tmp-notes");
    EXPECT_EQ(store_.RemoveStaleTemporaries(), 3U);
    auto expected = living;
    expected.insert({elsewhere, "objects/ab/.tmp-notes"});
    EXPECT_EQ(Files(), expected);
    EXPECT_EQ(store_.RemoveStaleTemporaries(), 0U);
}

TEST(TemporaryName, HasItsForm) {
    const std::string name = MakeTemporaryName();
    EXPECT_TRUE(IsTemporaryName(name)) << name;
    EXPECT_NE(name, MakeTemporaryName());
    for (const std::string bad :
         {"", ".tmp-", ".tmp-1", ".tmp-1-", ".tmp-0-0123456789abcdef01234567",
          ".tmp--1-0123456789abcdef01234567", ".tmp-1-0123456789abcdef0123456",
          ".tmp-1-0123456789abcdef0123456g", "tmp-1-0123456789abcdef01234567",
          ".tmp-99999999999-0123456789abcdef01234567"}) {
        EXPECT_FALSE(IsTemporaryName(bad)) << bad;
    }
}

// --- publishing
// -----------------------------------------------------------------------------------

TEST_F(DirStoreTest, BothWaysOfPublishingRefuseATakenName) {
    const UniqueFd directory(open(directory_.path().c_str(), O_RDONLY | O_DIRECTORY));
    WriteFile(directory_ / "taken", "old");
    WriteFile(directory_ / "temporary", "new");
    const UniqueFd fd(open((directory_ / "temporary").c_str(), O_RDONLY));
    EXPECT_EQ(PublishByLink(directory.get(), fd.get(), "temporary", "taken"), EEXIST);
    EXPECT_EQ(PublishByRename(directory.get(), "temporary", "taken"), EEXIST);
    EXPECT_EQ(Publish(directory.get(), fd.get(), "temporary", "taken"), EEXIST);
    EXPECT_EQ(ReadFile(directory_ / "taken"), "old");
    EXPECT_EQ(PublishByRename(directory.get(), "temporary", "renamed"), 0);
    EXPECT_EQ(PublishByLink(directory.get(), fd.get(), "renamed", "linked"), 0);
    EXPECT_EQ(Files(), (std::set<std::string>{"taken", "linked"}));
    EXPECT_EQ(ReadFile(directory_ / "linked"), "new");
}

TEST_F(DirStoreTest, ALinkThatWasMadeButNotAnsweredIsOurs) {
    const UniqueFd directory(open(directory_.path().c_str(), O_RDONLY | O_DIRECTORY));
    WriteFile(directory_ / "temporary", "new");
    const UniqueFd fd(open((directory_ / "temporary").c_str(), O_RDONLY));
    fs::create_hard_link(directory_ / "temporary",
                         directory_ / "name"); // NFS: the first request arrived, its answer did not
    EXPECT_EQ(PublishByLink(directory.get(), fd.get(), "temporary", "name"), 0);
    EXPECT_EQ(Files(), std::set<std::string>{"name"});
}

// --- rights
// ---------------------------------------------------------------------------------------

class DirStoreRights : public DirStoreTest {
protected:
    void SetUp() override {
        if (!IsRoot()) GTEST_SKIP() << "needs root to play two users";
        ASSERT_EQ(chmod(directory_.path().c_str(), 0755), 0);
    }
    static void ExpectRefused(const Thrown& thrown, const std::string& message,
                              const std::string& detail, const std::string& hint) {
        EXPECT_EQ(thrown.code, Errc::StoreRefused);
        EXPECT_EQ(thrown.fault, StoreFault::kPermanent);
        EXPECT_EQ(thrown.message, message);
        EXPECT_EQ(thrown.detail, detail);
        EXPECT_EQ(thrown.hint, hint);
    }
};

TEST_F(DirStoreRights, ADirectoryOfAnotherUser) {
    const AsUser nobody(kNobody);
    ExpectRefused(
        Catch([&] { store_.Put("repo.json", {}); }),
        "could not create \"repo.json\" in store directory " + Root() + ": Permission denied",
        Root() +
            " belongs to user \"root\" and has mode 0755; this process runs as user \"nobody\".",
        "Run: chown nobody " + Root() + " && chmod u+rwX " + Root());
    ExpectRefused(
        Catch([&] { store_.Put("objects/ab/1", {}); }),
        "could not create \"objects\" in store directory " + Root() + ": Permission denied",
        Root() +
            " belongs to user \"root\" and has mode 0755; this process runs as user \"nobody\".",
        "Run: chown nobody " + Root() + " && chmod u+rwX " + Root());
}

TEST_F(DirStoreRights, AFolderOrFileOfAnotherUser) {
    const std::string belongs_to_root =
        "The store belongs to user \"root\": run this as that user (runuser -u root -- …), or "
        "choose another directory.";
    store_.Put("objects/ab/1", AsBytes("x"));
    store_.Put("repo.json", AsBytes("x"));
    const std::string objects = Quoted(directory_ / "objects");
    const std::string repo = Quoted(directory_ / "repo.json");
    const AsUser nobody(kNobody);
    ExpectRefused(
        Catch([&] { store_.Get("objects/ab/1"); }),
        "could not open \"objects\" in store directory " + Root() + ": Permission denied",
        objects +
            " belongs to user \"root\" and has mode 0700; this process runs as user \"nobody\".",
        belongs_to_root);
    ExpectRefused(
        Catch([&] { store_.Get("repo.json"); }),
        "could not open \"repo.json\" in store directory " + Root() + ": Permission denied",
        repo + " belongs to user \"root\" and has mode 0600; this process runs as user \"nobody\".",
        belongs_to_root);
    ExpectRefused(
        Catch([&] { store_.Remove("repo.json"); }),
        "could not remove \"repo.json\" in store directory " + Root() + ": Permission denied",
        Root() +
            " belongs to user \"root\" and has mode 0755; this process runs as user \"nobody\".",
        belongs_to_root);
    ExpectRefused(
        Catch([&] { store_.List("", [](const StoreObject&) {}); }),
        "could not list \"objects\" in store directory " + Root() + ": Permission denied",
        objects +
            " belongs to user \"root\" and has mode 0700; this process runs as user \"nobody\".",
        belongs_to_root);
}

TEST_F(DirStoreRights, AStoreOfAnotherUserStaysHis) {
    constexpr uid_t kDaemon = 1;
    ASSERT_EQ(chown(directory_.path().c_str(), kDaemon, kDaemon), 0);
    ASSERT_EQ(chmod(directory_.path().c_str(), 0700), 0);
    const AsUser nobody(kNobody);
    ExpectRefused(
        Catch([&] { store_.List("", [](const StoreObject&) {}); }),
        "could not open store directory " + Root() + ": Permission denied",
        Root() +
            " belongs to user \"daemon\" and has mode 0700; this process runs as user \"nobody\".",
        "The store belongs to user \"daemon\": run this as that user (runuser -u daemon -- …), or "
        "choose another directory.");
}

TEST_F(DirStoreRights, WhatRootLeftInThisUsersStore) {
    store_.Put("repo.json", AsBytes("x"));
    ASSERT_EQ(chown(directory_.path().c_str(), kNobody, kNobody), 0);
    const std::string repo = Quoted(directory_ / "repo.json");
    const AsUser nobody(kNobody);
    ExpectRefused(
        Catch([&] { store_.Get("repo.json"); }),
        "could not open \"repo.json\" in store directory " + Root() + ": Permission denied",
        repo + " belongs to user \"root\" and has mode 0600; this process runs as user \"nobody\".",
        "Run: chown nobody " + repo + " && chmod u+rwX " + repo);
}

TEST_F(DirStoreRights, ARootThatCannotBeReached) {
    fs::create_directory(directory_ / "above");
    fs::create_directory(directory_ / "above/root");
    ASSERT_EQ(chmod((directory_ / "above").c_str(), 0700), 0);
    const std::string root = Quoted(directory_ / "above/root");
    const std::string above = Quoted(directory_ / "above");
    DirStore store(directory_ / "above/root");
    const AsUser nobody(kNobody);
    ExpectRefused(
        Catch([&] { store.Put("repo.json", {}); }),
        "could not open store directory " + root + ": Permission denied",
        above +
            " belongs to user \"root\" and has mode 0700; this process runs as user \"nobody\".",
        "Choose a directory that this user can enter, or run: chmod a+x " + above);
}

TEST_F(DirStoreRights, AReadOnlyFileSystem) {
    const SmallFileSystem system(directory_.path(), "size=1m");
    if (!system.mounted()) GTEST_SKIP() << "cannot mount here";
    store_.Put("objects/ab/1", AsBytes("x"));
    ASSERT_TRUE(system.MakeReadOnly());
    const Thrown thrown = Catch([&] { store_.Put("objects/ab/2", {}); });
    ExpectRefused(thrown,
                  "could not create \"objects/ab/2\" in store directory " + Root() +
                      ": Read-only file system",
                  "The file system of the store is mounted read-only.",
                  "Remount it with \"mount -o remount,rw\", or choose another store.");
    EXPECT_EQ(store_.Read("objects/ab/1", 10), "x"); // and reading goes on
}

} // namespace
} // namespace lifeboat::test
