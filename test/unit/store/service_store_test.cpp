// Uploads that go on while the next object is written, against a service in this process.
#include <gtest/gtest.h>

#include <condition_variable>

#include "core/base/interrupt.h"
#include "core/io/taps.h"
#include "core/store/location.h"
#include "support/http_stand_in.h"

namespace lifeboat {
namespace {

using test::StandInAnswer;
using test::StandInRequest;

constexpr std::chrono::seconds kLong{20}; // what takes this long has failed

class Switch final : public Interrupt {
public:
    void Check() override {
        if (on) throw Error(Errc::Cancelled, "interrupted");
    }
    std::atomic<bool> on = false;
};

// Holds back the answers to PUTs of objects it is told to hold, until they are let go.
class HeldService {
public:
    void Hold(std::string part) {
        const std::lock_guard lock(mutex_);
        held_.insert(std::move(part));
    }
    void LetGo() {
        const std::lock_guard lock(mutex_);
        held_.clear();
        changed_.notify_all();
    }
    // False when it took too long.
    bool WaitForPuts(size_t count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, kLong, [&] { return puts_ >= count; });
    }
    std::vector<std::string> log() {
        const std::lock_guard lock(mutex_);
        return log_;
    }
    std::vector<std::string> hashes() {
        const std::lock_guard lock(mutex_);
        return hashes_;
    }

    StandInAnswer Answer(const StandInRequest& request) {
        if (request.method == "HEAD") return Head(request);
        std::unique_lock lock(mutex_);
        log_.push_back(request.method + " begins");
        if (const auto found = request.headers.find("x-amz-content-sha256");
            found != request.headers.end())
            hashes_.push_back(found->second);
        if (request.method == "PUT") {
            ++puts_;
            changed_.notify_all();
            changed_.wait_for(lock, kLong, [&] { return !IsHeld(request.path); });
        }
        log_.push_back(request.method + " ends");
        return {request.method == "DELETE" ? 204 : 200, {}, {}};
    }

private:
    bool IsHeld(const std::string& path) {
        return std::ranges::any_of(held_, [&](const auto& p) { return path.ends_with(p); });
    }
    static StandInAnswer Head(const StandInRequest& request) {
        if (request.path.ends_with("1seen"))
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        if (!request.path.ends_with("seen")) return {404, {}, {}};
        return {
            200, {{"content-length", "4"}, {"last-modified", "Fri, 24 May 2013 00:00:00 GMT"}}, {}};
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::set<std::string> held_;
    std::vector<std::string> log_;
    std::vector<std::string> hashes_;
    size_t puts_ = 0;
};

class Uploads : public testing::Test {
protected:
    Uploads() {
        setenv("AWS_ACCESS_KEY_ID", "key", 1);
        setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
        store_ =
            OpenStore(ParseLocation("s3://bucket"),
                      {{"endpoint", stand_in_.endpoint()}, {"credentials", "env"}}, interrupt_);
        store_->DeferDurability();
    }
    ~Uploads() override {
        service_.LetGo();
        unsetenv("AWS_ACCESS_KEY_ID");
        unsetenv("AWS_SECRET_ACCESS_KEY");
    }
    void Put(const std::string& name) { store_->Put(name, AsBytes("rows")); }

    HeldService service_;
    test::HttpStandIn stand_in_{[this](const auto& request) { return service_.Answer(request); }};
    Switch interrupt_;
    std::unique_ptr<Store> store_;
};

// One connection that has lost a packet holds up none of the others.
TEST_F(Uploads, OneThatTakesLongDoesNotHoldUpTheOthers) {
    service_.Hold("objects/00/first");
    Put("objects/00/first");
    std::thread let_go([this] {
        EXPECT_TRUE(service_.WaitForPuts(60)) << "the first was waited for";
        service_.LetGo();
    });
    for (int i = 0; i < 59; ++i) Put("objects/00/" + std::to_string(i));
    let_go.join();
    store_->Sync(interrupt_);
}

TEST_F(Uploads, ObjectsGetSmallerWhereOneConnectionDoesNotKeepUp) {
    int number = 0;
    const auto comfortable_after_put = [&] {
        Put("objects/00/" + std::to_string(++number) + "rows");
        return store_->ComfortableBytes() >> 20;
    };
    EXPECT_EQ(store_->ComfortableBytes(), 8U << 20) << "nothing is known of the line";
    service_.Hold("rows");
    for (const uint64_t expected : {16, 16, 16, 8, 4, 2, 2})
        EXPECT_EQ(comfortable_after_put(), expected) << number << " under way";
    service_.LetGo();
    store_->Sync(interrupt_);
    for (const uint64_t expected : {4, 8, 16, 16}) {
        EXPECT_EQ(comfortable_after_put(), expected) << "it keeps up";
        store_->Sync(interrupt_);
    }
}

// It would come back after it was removed.
TEST_F(Uploads, OneThatWasInterruptedEndsBeforeItIsRemoved) {
    const std::string name = "objects/00/rows";
    service_.Hold(name);
    Put(name);
    ASSERT_TRUE(service_.WaitForPuts(1));
    std::thread interrupt([this] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        interrupt_.on = true;
    });
    EXPECT_THROW(store_->Sync(interrupt_), Error); // while it waits for this one
    interrupt.join();
    interrupt_.on = false;
    std::thread let_go([this] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        service_.LetGo();
    });
    store_->Remove(name);
    let_go.join();
    EXPECT_EQ(service_.log(),
              (std::vector<std::string>{"PUT begins", "PUT ends", "DELETE begins", "DELETE ends"}));
}

// What a tap says is taken for true, and not computed again.
TEST_F(Uploads, TheHashIsTakenFromWhoeverHasTakenIt) {
    const Sha256Digest hash = Sha256Of(AsBytes("rows"));
    const Sha256Digest other = Sha256Of(AsBytes("other rows"));
    Put("objects/00/1");
    store_->Sync(interrupt_);
    const auto tapped = store_->Create("objects/00/2");
    HashTap tap(*tapped);
    tap.Write(AsBytes("rows"));
    tap.Finish();
    store_->Sync(interrupt_);
    const auto told = store_->Create("objects/00/3");
    told->Write(AsBytes("rows"));
    told->Hashed(other);
    told->Finish();
    store_->Sync(interrupt_);
    EXPECT_EQ(service_.hashes(),
              (std::vector<std::string>{ToHex(hash), ToHex(hash), ToHex(other)}));
}

TEST_F(Uploads, WhatIsLookedUpTogetherComesInItsOrder) {
    const std::vector<std::string_view> names = {"objects/00/1seen", "objects/00/2seen",
                                                 "objects/00/3seen", "objects/00/lost",
                                                 "objects/00/4seen"};
    std::vector<std::string> seen;
    EXPECT_THROW(
        store_->StatEach(names, [&](const StoreObject& object) { seen.push_back(object.name); }),
        StoreError);
    EXPECT_EQ(seen, (std::vector<std::string>(names.begin(), names.begin() + 3)));
}

} // namespace
} // namespace lifeboat
