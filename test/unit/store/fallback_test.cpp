// Several stores read as one: what one cannot give comes from the next, and readers who find that
// it was not what it should be get the next copy.
#include "core/store/fallback.h"

#include <gtest/gtest.h>

#include "core/store/decorators.h"
#include "core/store/memory_store.h"
#include "support/expect_error.h"
#include "support/store_door.h"

namespace lifeboat::test {
namespace {

constexpr uint64_t kLarge = 600'000; // three pieces of a faulty stream

class FallbackTest : public ::testing::Test {
protected:
    void SetUp() override {
        for (MemoryStore* store : {&a_, &b_}) store->Put("objects/x", AsBytes(content_));
    }

    // Store a fails as `fault` says; b does not.
    FallbackStore Both(FaultHook fault = [](std::string_view, std::string_view, uint64_t) {}) {
        std::vector<FallbackStore::Member> members;
        members.push_back({"a", WithFaults(std::make_unique<StoreDoor>(a_), std::move(fault))});
        members.push_back({"b", std::make_unique<StoreDoor>(b_)});
        return {std::move(members), [this](const FallbackStore& stores, const PassedOver& passed) {
                    said_.push_back(stores.Describe(passed));
                }};
    }

    static void Throw(StoreFault fault, Errc code = Errc::StoreRefused) {
        throw StoreError(fault, code, "no luck", "Today.");
    }

    std::string content_ = std::string(kLarge, 'x');
    MemoryStore a_;
    MemoryStore b_;
    std::vector<std::string> said_;
};

TEST_F(FallbackTest, TheFirstStoreIsReadWhileItAnswers) {
    b_.objects().clear();
    FallbackStore both = Both();
    EXPECT_EQ(both.Read("objects/x", kLarge), content_);
    EXPECT_EQ(both.Stat("objects/x").size, kLarge);
    EXPECT_TRUE(said_.empty());
}

TEST_F(FallbackTest, WhatIsMissingComesFromTheNextAndIsSaidOnce) {
    a_.objects().clear();
    FallbackStore both = Both();
    EXPECT_EQ(both.Stat("objects/x").size, kLarge);
    EXPECT_EQ(both.Read("objects/x", kLarge), content_);
    EXPECT_EQ(said_, std::vector<std::string>{"objects/x is read from another copy than that in "
                                              "a: the object is missing"});
}

TEST_F(FallbackTest, WhatNoStoreHasIsAbsentAndMayComeLater) {
    FallbackStore both = Both();
    EXPECT_EQ(Catch([&] { both.Stat("objects/y"); }).fault, StoreFault::kNotFound);
    EXPECT_FALSE(both.Exists("objects/y"));
    EXPECT_TRUE(said_.empty());
    a_.Put("objects/y", AsBytes("late"));
    EXPECT_EQ(both.Read("objects/y", 10), "late");
}

TEST_F(FallbackTest, AStreamThatBreaksOffGoesOnInTheNextStore) {
    FallbackStore both = Both([](std::string_view operation, std::string_view, uint64_t offset) {
        if (operation == "read" && offset > 0) Throw(StoreFault::kPermanent);
    });
    EXPECT_EQ(both.Read("objects/x", kLarge), content_);
    EXPECT_EQ(said_.size(), 1U);
}

TEST_F(FallbackTest, AStoreThatIsAwayIsAskedNoMore) {
    int asked = 0;
    FallbackStore both = Both([&](std::string_view, std::string_view, uint64_t) {
        ++asked;
        Throw(StoreFault::kPermanent, Errc::StoreMissing);
    });
    b_.Put("objects/z", AsBytes("z"));
    EXPECT_EQ(both.Read("objects/x", kLarge), content_);
    EXPECT_EQ(both.Read("objects/z", 10), "z");
    size_t listed = 0;
    both.List("objects", [&](const StoreObject&) { ++listed; });
    EXPECT_EQ(listed, 2U);
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(said_, std::vector<std::string>{"a is passed over: no luck: Today."});
}

TEST_F(FallbackTest, WhatTheOthersLackIsAbsentThoughOneIsAway) {
    for (const bool away_first : {true, false}) {
        FallbackStore both = Both([](std::string_view, std::string_view, uint64_t) {
            Throw(StoreFault::kPermanent, Errc::StoreMissing);
        });
        if (!away_first) both.Prefer(1);
        for (int time = 0; time < 2; ++time) EXPECT_FALSE(both.Exists("objects/y"));
    }
}

TEST_F(FallbackTest, WhatAStoreSaysOfTheObjectComesFirst) {
    b_.objects().clear();
    FallbackStore both =
        Both([](std::string_view, std::string_view, uint64_t) { Throw(StoreFault::kPermanent); });
    EXPECT_EQ(Catch([&] { both.Stat("objects/x"); }).message, "no luck");
}

TEST_F(FallbackTest, WhenAllAreAwayTheReasonIsTheFirstOnes) {
    std::vector<FallbackStore::Member> members;
    for (const char* name : {"first", "second"}) {
        members.push_back({name, WithFaults(std::make_unique<StoreDoor>(a_),
                                            [name](std::string_view, std::string_view, uint64_t) {
                                                throw StoreError(StoreFault::kTransient,
                                                                 Errc::StoreUnreachable, name);
                                            })});
    }
    FallbackStore both(std::move(members), [](const FallbackStore&, const PassedOver&) {});
    for (int time = 0; time < 2; ++time) {
        EXPECT_EQ(Catch([&] { both.Stat("objects/x"); }).message, "first");
        EXPECT_EQ(Catch([&] { both.List("", [](const StoreObject&) {}); }).message, "first");
    }
}

// What a reader of objects does: hashes, here by comparing.
std::string ReadSound(FallbackStore& stores, const std::string& expected, int& readings) {
    return ReadAnyCopy(stores, "objects/x", [&] {
        ++readings;
        std::string text = stores.Read("objects/x", kLarge);
        if (text != expected) throw Error(Errc::Damaged, "object x is damaged");
        return text;
    });
}

TEST_F(FallbackTest, ADamagedCopyIsLeftForTheNext) {
    a_.objects()["objects/x"][7] = std::byte{'!'};
    FallbackStore both = Both();
    int readings = 0;
    EXPECT_EQ(ReadSound(both, content_, readings), content_);
    EXPECT_EQ(readings, 2);
    EXPECT_EQ(said_.size(), 1U);
    EXPECT_EQ(both.Read("objects/x", kLarge), content_); // for good
}

TEST_F(FallbackTest, TwoDamagedCopiesAreTheErrorOfTheFirst) {
    a_.objects()["objects/x"][7] = std::byte{'!'};
    b_.objects()["objects/x"][8] = std::byte{'!'};
    FallbackStore both = Both();
    int readings = 0;
    EXPECT_EQ(Catch([&] { ReadSound(both, content_, readings); }).message, "object x is damaged");
    EXPECT_EQ(readings, 2);
}

// The first piece came damaged from a, which then broke off: b is not to blame for it.
TEST_F(FallbackTest, OfAMixtureNobodyIsBlamed) {
    a_.objects()["objects/x"][7] = std::byte{'!'};
    FallbackStore both = Both([](std::string_view operation, std::string_view, uint64_t offset) {
        if (operation == "read" && offset > 0) Throw(StoreFault::kPermanent);
    });
    int readings = 0;
    EXPECT_EQ(ReadSound(both, content_, readings), content_);
    EXPECT_EQ(readings, 2);
}

TEST_F(FallbackTest, APreferredStoreIsAskedFirst) {
    FallbackStore both = Both();
    both.Prefer(1);
    b_.objects()["objects/x"] = Buffer(3, std::byte{'b'});
    EXPECT_EQ(both.Read("objects/x", kLarge), "bbb");
    EXPECT_EQ(both.preferred(), 1U);
}

TEST_F(FallbackTest, NothingIsWritten) {
    FallbackStore both = Both();
    EXPECT_EQ(Catch([&] { both.Put("objects/new", AsBytes("x")); }).code, Errc::Internal);
    EXPECT_EQ(Catch([&] { both.Remove("objects/x"); }).code, Errc::Internal);
}

} // namespace
} // namespace lifeboat::test
