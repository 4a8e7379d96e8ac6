#include "core/store/decorators.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "core/io/taps.h"
#include "core/store/forwarding.h"
#include "core/store/memory_store.h"
#include "support/expect_error.h"
#include "support/store_door.h"

namespace lifeboat::test {
namespace {

using std::chrono::milliseconds;

StoreError Transient(const std::string& message) {
    return {StoreFault::kTransient, Errc::StoreUnreachable, message};
}

// A store whose operations fail as the test says, with retries around it that note how long they
// would have slept.
class RetryTest : public testing::Test {
protected:
    std::unique_ptr<Store> Open(FaultHook hook, uint64_t buffer_limit, int attempts = 5) {
        auto memory = std::make_unique<MemoryStore>();
        memory_ = memory.get();
        RetryPolicy policy;
        policy.attempts = attempts;
        policy.first_delay = milliseconds(100);
        policy.max_delay = milliseconds(1000);
        policy.sleep = [this](milliseconds time) { slept_.push_back(time); };
        return WithRetry(WithFaults(std::move(memory), std::move(hook)), policy, buffer_limit);
    }
    // Fails the first `times` calls of `operation`.
    static FaultHook Failing(std::string operation, int times) {
        return [operation, times](std::string_view called, std::string_view, uint64_t) mutable {
            if (called == operation && times-- > 0) throw Transient("down");
        };
    }
    MemoryStore* memory_ = nullptr;
    std::vector<milliseconds> slept_;
};

TEST_F(RetryTest, RepeatsWhatIsTransient) {
    for (const std::string operation : {"create", "get", "stat", "list", "remove", "read"}) {
        SCOPED_TRACE(operation);
        slept_.clear();
        const auto store = Open(Failing(operation, 4), 0);
        store->Put("a", AsBytes("x"));
        EXPECT_EQ(store->Read("a", 10), "x");
        EXPECT_TRUE(store->Exists("a"));
        store->List("", [](const StoreObject&) {});
        store->Remove("a");
        EXPECT_EQ(slept_.size(), 4U);
    }
}

TEST_F(RetryTest, GivesUpAfterItsAttemptsWithTheLastError) {
    const auto store = Open(Failing("stat", 5), 0);
    const Thrown thrown = Catch([&] { store->Stat("a"); });
    EXPECT_EQ(thrown.message, "down");
    EXPECT_EQ(thrown.fault, StoreFault::kTransient);
    EXPECT_EQ(slept_.size(), 4U);
}

TEST_F(RetryTest, DelaysGrowToACapWithFullJitter) {
    const auto store = Open(Failing("stat", 100), 0, 40);
    Catch([&] { store->Stat("a"); });
    ASSERT_EQ(slept_.size(), 39U);
    for (size_t i = 0; i < slept_.size(); ++i) {
        EXPECT_GE(slept_[i].count(), 0);
        EXPECT_LE(slept_[i].count(), i < 4 ? 100LL << i : 1000LL);
    }
    EXPECT_GT(std::set<milliseconds>(slept_.begin(), slept_.end()).size(), 5U) << "no jitter";
    EXPECT_GT(*std::max_element(slept_.begin(), slept_.end()), milliseconds(300)) << "no growth";
}

TEST_F(RetryTest, LeavesThePermanentAlone) {
    const auto store = Open(
        [](std::string_view called, std::string_view, uint64_t) {
            if (called == "stat")
                throw StoreError(StoreFault::kPermanent, Errc::StoreRefused, "never");
            if (called == "remove") throw Error(Errc::Cancelled, "stop");
        },
        0);
    EXPECT_EQ(Catch([&] { store->Stat("a"); }).message, "never");
    EXPECT_EQ(Catch([&] { store->Remove("a"); }).message, "stop");
    EXPECT_EQ(Catch([&] { store->Get("a"); }).fault, StoreFault::kNotFound);
    EXPECT_TRUE(slept_.empty());
}

TEST_F(RetryTest, SendsABufferedObjectAgain) {
    for (const std::string operation : {"write", "finish", "finished"}) {
        SCOPED_TRACE(operation);
        const auto store = Open(Failing(operation, 3), 100);
        const auto sink = store->Create("a");
        sink->Write(AsBytes("one "));
        sink->Write(AsBytes("two"));
        sink->Finish();
        EXPECT_EQ(AsText(memory_->objects().at("a")), "one two");
    }
}

TEST_F(RetryTest, DoesNotSendAgainWhatItDidNotKeep) {
    for (const uint64_t limit : {0, 6}) {
        for (const std::string operation : {"write", "finish"}) {
            const auto store = Open(Failing(operation, 1), limit);
            EXPECT_EQ(Catch([&] { store->Put("a", AsBytes("one two")); }).message, "down");
            EXPECT_TRUE(memory_->objects().empty());
        }
    }
}

TEST_F(RetryTest, TakesItsOwnObjectAsDoneAndAnothersNot) {
    const auto store = Open(Failing("finished", 1), 100);
    EXPECT_NO_THROW(store->Put("a", AsBytes("ours"))); // the acknowledgement was lost

    bool failed = false;
    const auto rivalled = Open(
        [&](std::string_view called, std::string_view, uint64_t) {
            if (called != "finish" || failed) return;
            failed = true;
            memory_->Put("a", AsBytes("them")); // same size
            throw Transient("down");
        },
        100);
    EXPECT_EQ(Catch([&] { rivalled->Put("a", AsBytes("ours")); }).fault, StoreFault::kExists);
    EXPECT_EQ(AsText(memory_->objects().at("a")), "them");
}

TEST_F(RetryTest, ReadsOnWhereItBrokeOff) {
    std::string text;
    for (int i = 0; i < 200'000; ++i) text += std::to_string(i) + "\n";
    int calls = 0;
    const auto store = Open(
        [&](std::string_view called, std::string_view, uint64_t) {
            if (called == "read" && ++calls % 2 == 0) throw Transient("down");
        },
        0);
    memory_->Put("a", AsBytes(text));
    EXPECT_TRUE(store->Read("a", text.size()) == text);
    EXPECT_GT(slept_.size(), 3U);
    const auto part = store->Get("a", {100, 600'000});
    std::string read;
    std::byte piece[4096];
    while (const size_t got = part->Read(piece)) read += AsText(Bytes(piece, got));
    EXPECT_TRUE(read == text.substr(100, 600'000));
}

// Breaks off in the middle of the first listing.
class BrokenList final : public StoreDoor {
public:
    explicit BrokenList(Store& store) : StoreDoor(store) {}
    void List(std::string_view prefix,
              const std::function<void(const StoreObject&)>& visit) override {
        int left = breaks_-- > 0 ? 3 : 100;
        StoreDoor::List(prefix, [&](const StoreObject& object) {
            if (left-- == 0) throw Transient("down");
            visit(object);
        });
    }

private:
    int breaks_ = 2;
};

TEST_F(RetryTest, AListingThatBrokeOffShowsNothingTwice) {
    MemoryStore memory;
    for (int i = 0; i < 9; ++i) memory.Put("o/" + std::to_string(i), {});
    RetryPolicy policy;
    policy.sleep = [](milliseconds) {};
    const auto store = WithRetry(std::make_unique<BrokenList>(memory), policy, 0);
    std::vector<std::string> names;
    store->List("", [&](const StoreObject& object) { names.push_back(object.name); });
    EXPECT_EQ(names.size(), 9U);
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 9U);
}

TEST_F(RetryTest, WhatSleepThrowsEndsIt) {
    RetryPolicy policy;
    policy.sleep = [](milliseconds) { throw Error(Errc::Cancelled, "stop"); };
    const auto store =
        WithRetry(WithFaults(std::make_unique<MemoryStore>(), Failing("stat", 1)), policy, 0);
    EXPECT_EQ(Catch([&] { store->Stat("a"); }).message, "stop");
}

TEST(Limit, HoldsItsRateInBothDirectionsTogether) {
    milliseconds slept{0};
    auto store = WithLimit(std::make_unique<MemoryStore>(), 1'000'000, [&](milliseconds time) {
        slept += time;
        std::this_thread::sleep_for(time);
    });
    const std::string text(250'000, 'x');
    const auto begun = std::chrono::steady_clock::now();
    store->Put("a", AsBytes(text));
    EXPECT_EQ(store->Read("a", text.size()), text);
    const auto elapsed = std::chrono::steady_clock::now() - begun;
    EXPECT_GE(elapsed,
              milliseconds(390)); // 0.5 MB at 1 MB/s, less a tenth of a second of unused rate
    EXPECT_LE(slept, milliseconds(600));
}

TEST(Limit, SleepsInShortPieces) {
    milliseconds longest{0};
    auto store = WithLimit(std::make_unique<MemoryStore>(), 100'000, [&](milliseconds time) {
        longest = std::max(longest, time);
        std::this_thread::sleep_for(time);
    });
    store->Put("a", AsBytes(std::string(60'000, 'x')));
    EXPECT_LE(longest, milliseconds(250));
}

class LogTest : public testing::Test {
protected:
    std::unique_ptr<Store> Open(FaultHook hook) {
        return WithLog(
            WithFaults(std::make_unique<MemoryStore>(), std::move(hook)),
            [this](const StoreCall& call) {
                lines_.push_back(std::string(call.operation) + " " + std::string(call.name) + " " +
                                 std::to_string(call.bytes) +
                                 (call.error != nullptr ? " " + call.error->message() : ""));
                EXPECT_GE(call.elapsed.count(), 0);
            });
    }
    std::vector<std::string> lines_;
};

TEST_F(LogTest, TellsEachCallOnce) {
    const auto store = Open([](std::string_view, std::string_view, uint64_t) {});
    store->Put("a", AsBytes("12345"));
    store->Read("a", 10);
    store->Stat("a");
    store->List("o", [](const StoreObject&) {});
    store->Remove("a");
    EXPECT_EQ(lines_, (std::vector<std::string>{"create a 5", "get a 5", "stat a 0", "list o 0",
                                                "remove a 0"}));
}

TEST_F(LogTest, TellsErrorsAndWhatWasLeft) {
    const auto store = Open([](std::string_view called, std::string_view name, uint64_t) {
        if (called == name) throw Transient("down");
    });
    Catch([&] { store->Put("create", AsBytes("1")); });
    Catch([&] { store->Put("write", AsBytes("1")); });
    Catch([&] { store->Put("finish", AsBytes("1")); });
    Catch([&] { store->Stat("stat"); });
    Catch([&] { store->Get("absent"); });
    store->Create("left")->Write(AsBytes("12"));
    EXPECT_EQ(lines_, (std::vector<std::string>{
                          "create create 0 down", "create write 0 down", "create finish 1 down",
                          "stat stat 0 down",
                          "get absent 0 object \"absent\" does not exist in store \"memory:\"",
                          "abort left 2"}));
}

TEST(Faults, CallsTheHookBeforeEachOperationAndPiece) {
    std::vector<std::string> calls;
    const auto store =
        WithFaults(std::make_unique<MemoryStore>(),
                   [&](std::string_view operation, std::string_view name, uint64_t offset) {
                       calls.push_back(std::string(operation) + " " + std::string(name) + " " +
                                       std::to_string(offset));
                   });
    const std::string text(300'000, 'x');
    store->Put("a", AsBytes(text));
    EXPECT_EQ(calls, (std::vector<std::string>{"create a 0", "write a 0", "write a 262144",
                                               "finish a 300000", "finished a 300000"}));
    calls.clear();
    EXPECT_TRUE(store->Read("a", text.size()) == text);
    EXPECT_EQ(calls, (std::vector<std::string>{"get a 0", "read a 0", "read a 262144"}));
}

// Of what was written, the hash that a tap has taken.
class ToldStore final : public ForwardingStore {
public:
    explicit ToldStore(std::vector<Buffer>& told)
        : ForwardingStore(std::make_unique<MemoryStore>()), told_(told) {}
    std::unique_ptr<Sink> Create(std::string_view name) override {
        return std::make_unique<ToldSink>(inner().Create(name), told_);
    }

private:
    class ToldSink final : public Sink {
    public:
        ToldSink(std::unique_ptr<Sink> inner, std::vector<Buffer>& told)
            : inner_(std::move(inner)), told_(told) {}
        void Write(Bytes bytes) override { inner_->Write(bytes); }
        void Hashed(Bytes sha256) override { told_.emplace_back(sha256.begin(), sha256.end()); }
        void Finish() override { inner_->Finish(); }

    private:
        std::unique_ptr<Sink> inner_;
        std::vector<Buffer>& told_;
    };

    std::vector<Buffer>& told_;
};

TEST(Decorators, TheHashOfATapComesThroughAll) {
    std::vector<Buffer> told;
    std::unique_ptr<Store> store = std::make_unique<ToldStore>(told);
    store = WithFaults(std::move(store), [](std::string_view, std::string_view, uint64_t) {});
    store = WithLog(std::move(store), [](const StoreCall&) {});
    store = WithLimit(std::move(store), 1'000'000'000, [](milliseconds) {});
    store = WithRetry(std::move(store), {}, 0);
    const auto sink = store->Create("objects/00/rows");
    HashTap tap(*sink);
    tap.Write(AsBytes("rows"));
    tap.Finish();
    const Sha256Digest hash = Sha256Of(AsBytes("rows"));
    ASSERT_EQ(told.size(), 1U);
    EXPECT_TRUE(std::ranges::equal(told[0], hash));
}

} // namespace
} // namespace lifeboat::test
