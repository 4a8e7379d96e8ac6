// backup_check_store and `lifeboat check-store` on every driver, and on stores that misbehave.
#include <gtest/gtest.h>

#include "core/format/manifest.h"
#include "core/format/probe.h"
#include "core/store/decorators.h"
#include "core/store/dir_store.h"
#include "core/store/memory_store.h"
#include "drivers.h"
#include "support/expect_error.h"
#include "support/store_door.h"

namespace lifeboat::test {
namespace {

void CreateRepo(Store& store) {
    Repo repo;
    repo.store_id = std::string(32, 'a');
    repo.accepted_origins = {repo.store_id};
    repo.created = Now();
    store.Put(kRepoName, AsBytes(FormatRepo(repo)));
}

std::string Summary(const std::vector<ProbeStep>& steps) {
    std::string text;
    for (const auto& step : steps) text += step.step + (step.ok ? " " : "! ");
    return text;
}

const ProbeStep& Find(const std::vector<ProbeStep>& steps, std::string_view name) {
    for (const auto& step : steps) {
        if (step.step == name) return step;
    }
    static const ProbeStep none;
    ADD_FAILURE() << "no step " << name;
    return none;
}

class ProbeEveryDriver : public testing::TestWithParam<Driver> {};

TEST_P(ProbeEveryDriver, FindsASoundStoreSoundAndLeavesNothing) {
    const auto place = GetParam().make();
    const auto store = place->Open();
    CreateRepo(*store);
    const auto steps = ProbeStore(*store);
    EXPECT_EQ(Summary(steps), "reach identify write exclusive read list delete space ");
    EXPECT_EQ(Find(steps, "identify").detail,
              "store " + std::string(32, 'a') + ", encryption required");
    EXPECT_EQ(Find(steps, "read").detail, "read back 34 bytes");
    int left = 0;
    store->List("", [&](const StoreObject&) { ++left; });
    EXPECT_EQ(left, 1);
}

INSTANTIATE_TEST_SUITE_P(Drivers, ProbeEveryDriver, testing::ValuesIn(AllDrivers()),
                         [](const auto& info) { return info.param.name; });

TEST(Probe, AMissingDirectoryEndsItAtOnce) {
    DirStore store("/nonexistent/lifeboat");
    const auto steps = ProbeStore(store);
    EXPECT_EQ(Summary(steps), "reach! ");
    EXPECT_EQ(steps.front().detail,
              "store directory \"/nonexistent/lifeboat\" does not exist. Is it mounted?");
}

TEST(Probe, ADirectoryWithoutRepoIsTriedAllTheSame) {
    MemoryStore store;
    EXPECT_EQ(Summary(ProbeStore(store)),
              "reach identify! write exclusive read list delete space ");
}

std::unique_ptr<Store> Failing(std::string operation, int after = 0) {
    auto memory = std::make_unique<MemoryStore>();
    CreateRepo(*memory);
    return WithFaults(
        std::move(memory),
        [operation, after](std::string_view called, std::string_view name, uint64_t) mutable {
            if (called != operation || name == kRepoName || after-- > 0) return;
            throw StoreError(StoreFault::kPermanent, Errc::StoreRefused, "no " + operation,
                             "A detail.", "A hint.");
        });
}

TEST(Probe, NamesTheStepThatFails) {
    EXPECT_EQ(Summary(ProbeStore(*Failing("create"))), "reach identify write! space ");
    EXPECT_EQ(Summary(ProbeStore(*Failing("create", 1))),
              "reach identify write exclusive! read list delete space ");
    EXPECT_EQ(Summary(ProbeStore(*Failing("get"))),
              "reach identify write exclusive read! list delete space ");
    EXPECT_EQ(Summary(ProbeStore(*Failing("list"))),
              "reach identify write exclusive read list! delete space ");
    EXPECT_EQ(Summary(ProbeStore(*Failing("remove"))),
              "reach identify write exclusive read list delete! space ");
    EXPECT_EQ(Find(ProbeStore(*Failing("list")), "list").detail, "no list. A detail. A hint.");
}

// Overwrites: the worst that a store can do to a backup.
class Overwriting final : public StoreDoor {
public:
    explicit Overwriting(Store& store) : StoreDoor(store) {}
    std::unique_ptr<Sink> Create(std::string_view name) override {
        Remove(name);
        return StoreDoor::Create(name);
    }
};

TEST(Probe, NoticesAStoreThatOverwrites) {
    MemoryStore memory;
    CreateRepo(memory);
    Overwriting store(memory);
    const auto steps = ProbeStore(store);
    EXPECT_EQ(Summary(steps), "reach identify write exclusive! read! list delete space ");
    EXPECT_EQ(Find(steps, "exclusive").detail,
              "an existing object was overwritten. The store must refuse to create an object whose "
              "name is taken.");
    EXPECT_EQ(Find(steps, "read").detail, "read back other bytes than were written");
}

TEST(Probe, CancelIsNoAnswerOfTheStore) {
    auto store = WithFaults(std::make_unique<MemoryStore>(),
                            [](std::string_view, std::string_view, uint64_t) {
                                throw Error(Errc::Cancelled, "cancelled");
                            });
    EXPECT_EQ(Catch([&] { ProbeStore(*store); }).code, Errc::Cancelled);
}

} // namespace
} // namespace lifeboat::test
