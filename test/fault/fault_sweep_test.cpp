// The same work is done again and again while one call after another fails: each time the store
// must be as before or as after.
#include <gtest/gtest.h>

#include <map>

#include "core/store/decorators.h"
#include "core/store/dir_store.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace lifeboat::test {
namespace {

using Objects = std::map<std::string, std::string>;

// Three objects, the last one the commit mark.
Objects Work() {
    return {{"backups/b/1", std::string(600'000, 'a')},
            {"backups/b/2", "small"},
            {"backups/b/mark", "done"}};
}

void Write(Store& store) {
    for (const auto& [name, text] : Work()) store.Put(name, AsBytes(text));
}

Objects Content(Store& store) {
    Objects objects;
    store.List("", [&](const StoreObject& object) {
        objects[object.name] = store.Read(object.name, 1 << 20);
    });
    return objects;
}

// Runs the work with call number `failing` of the hook throwing; false when the work makes fewer
// calls.
bool RunWithFault(const std::string& root, int failing, StoreFault fault) {
    int calls = 0;
    bool thrown = false;
    const auto store = WithFaults(std::make_unique<DirStore>(root), [&](std::string_view operation,
                                                                        std::string_view name,
                                                                        uint64_t) {
        if (calls++ != failing) return;
        thrown = true;
        throw StoreError(fault, Errc::StoreRefused,
                         "planned failure of " + std::string(operation) + " " + std::string(name));
    });
    const Thrown caught = Catch([&] { Write(*store); });
    EXPECT_EQ(caught.message.starts_with("planned failure"), thrown) << caught.message;
    return thrown;
}

TEST(FaultSweep, EveryFailureLeavesWholeObjectsInOrder) {
    const Objects whole = Work();
    int failing = 0;
    for (;; ++failing) {
        SCOPED_TRACE("call " + std::to_string(failing));
        const TempDir directory;
        const bool thrown = RunWithFault(directory.path(), failing, StoreFault::kPermanent);
        DirStore store(directory.path());
        const Objects found = Content(store);
        for (const auto& [name, text] : found) ASSERT_TRUE(text == whole.at(name)) << name;
        // The mark stands only behind everything else.
        if (found.contains("backups/b/mark")) {
            EXPECT_EQ(found.size(), whole.size());
        }
        if (!thrown) break;
    }
    EXPECT_EQ(failing,
              14); // 3 × (create, write, finish, finished), and two more pieces of the large one
}

TEST(FaultSweep, ARetryHidesEveryTransientFailure) {
    for (int failing = 0; failing < 14; ++failing) {
        SCOPED_TRACE("call " + std::to_string(failing));
        const TempDir directory;
        int calls = 0;
        auto faulty = WithFaults(std::make_unique<DirStore>(directory.path()),
                                 [&](std::string_view, std::string_view, uint64_t) {
                                     if (calls++ == failing)
                                         throw StoreError(StoreFault::kTransient,
                                                          Errc::StoreUnreachable, "down");
                                 });
        RetryPolicy policy;
        policy.sleep = [](std::chrono::milliseconds) {};
        const auto store = WithRetry(std::move(faulty), policy, 1 << 20);
        EXPECT_NO_THROW(Write(*store));
        DirStore plain(directory.path());
        EXPECT_TRUE(Content(plain) == Work());
    }
}

} // namespace
} // namespace lifeboat::test
