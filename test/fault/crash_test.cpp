// Writers that are killed, and writers that race: what is listed is whole, and what they leave can
// be cleaned up.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <random>
#include <thread>

#include "core/store/dir_store.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace lifeboat::test {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSize = 100'000;

// What object number `number` of a child holds.
std::string Content(int number) {
    std::string text;
    while (text.size() < kSize) text += std::to_string(number) + " ";
    text.resize(kSize);
    return text;
}
std::string Name(int number) {
    return "objects/" + std::to_string(number % 7) + "/" + std::to_string(number);
}

[[noreturn]] void WriteForever(const std::string& root) {
    DirStore store(root);
    for (int number = 0;; ++number) {
        const std::string text = Content(number);
        const auto sink = store.Create(Name(number));
        for (size_t at = 0; at < kSize; at += 1000)
            sink->Write(AsBytes(std::string_view(text).substr(at, 1000)));
        sink->Finish();
    }
}

TEST(Crash, AKilledWriterLeavesWholeObjectsAndStaleTemporaries) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    size_t stale = 0;
    for (int round = 0; round < 25; ++round) {
        const TempDir directory;
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) WriteForever(directory.path());
        usleep(1000 + random() % 30'000);
        kill(child, SIGKILL);
        ASSERT_EQ(waitpid(child, nullptr, 0), child);

        DirStore driver(directory.path());
        Store& store = driver;
        int listed = 0;
        store.List("", [&](const StoreObject& object) {
            ++listed;
            const int number = std::stoi(object.name.substr(object.name.rfind('/') + 1));
            EXPECT_TRUE(store.Read(object.name, kSize) == Content(number))
                << object.name << " is not whole";
        });
        stale += store.RemoveStaleTemporaries();
        for (const auto& entry : fs::recursive_directory_iterator(directory.path())) {
            EXPECT_FALSE(entry.path().filename().string().starts_with(".")) << entry.path();
        }
        EXPECT_EQ(store.Exists(Name(listed)), false); // the one it was at is free
        store.Put(Name(listed), AsBytes("again"));
    }
    EXPECT_GT(stale, 0U)
        << "no child was killed in the middle of an object: the test shows nothing";
}

TEST(Race, OfManyCreatorsExactlyOneWins) {
    constexpr int kNames = 150;
    constexpr int kCreators = 4;
    const TempDir directory;
    std::atomic<int> ready{0};
    std::vector<std::vector<int>> won(kCreators);
    std::vector<std::thread> threads;
    for (int creator = 0; creator < kCreators; ++creator) {
        threads.emplace_back([&, creator] {
            DirStore store(directory.path());
            ++ready;
            while (ready < kCreators) std::this_thread::yield();
            for (int number = 0; number < kNames; ++number) {
                const Thrown thrown =
                    Catch([&] { store.Put(Name(number), AsBytes(std::to_string(creator))); });
                if (thrown.message == "nothing was thrown") {
                    won[static_cast<size_t>(creator)].push_back(number);
                } else {
                    EXPECT_EQ(thrown.fault, StoreFault::kExists) << thrown.message;
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();
    std::map<int, int> winners;
    for (int creator = 0; creator < kCreators; ++creator) {
        for (const int number : won[static_cast<size_t>(creator)]) {
            EXPECT_TRUE(winners.emplace(number, creator).second)
                << Name(number) << " was created twice";
        }
    }
    EXPECT_EQ(winners.size(), static_cast<size_t>(kNames));
    DirStore driver(directory.path());
    Store& store = driver;
    for (const auto& [number, creator] : winners)
        EXPECT_EQ(store.Read(Name(number), 10), std::to_string(creator));
    size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(directory.path()))
        files += entry.is_regular_file() ? 1 : 0;
    EXPECT_EQ(files, static_cast<size_t>(kNames)) << "temporaries were left";
}

// Creators in a directory that removers keep taking away under them.
TEST(Race, CreatingWhileDirectoriesAreRemoved) {
    const TempDir directory;
    std::atomic<bool> stop{false};
    std::thread remover([&] {
        DirStore store(directory.path());
        while (!stop) {
            for (int number = 0; number < 7; ++number) store.Remove(Name(number));
        }
    });
    DirStore driver(directory.path());
    Store& store = driver;
    for (int round = 0; round < 30; ++round) {
        for (int number = 0; number < 7; ++number) {
            const Thrown thrown = Catch([&] { store.Put(Name(number), AsBytes("x")); });
            if (thrown.message != "nothing was thrown") {
                EXPECT_EQ(thrown.fault, StoreFault::kExists) << thrown.message;
            }
        }
    }
    stop = true;
    remover.join();
}

} // namespace
} // namespace lifeboat::test
