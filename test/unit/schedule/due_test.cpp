#include "core/schedule/due.h"

#include <gtest/gtest.h>

#include <map>

#include "times.h"

namespace lifeboat {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::At;

Zone Utc() { return Zone::Find("UTC"); }

// A look by the process that took the one before.
Look Later(Instant previous, Instant now, std::optional<microseconds> elapsed = std::nullopt) {
    Look look;
    look.now = now;
    look.previous = previous;
    look.elapsed = elapsed.value_or(now - previous);
    return look;
}

// The first look of a launcher whose server started at `started`.
Look AfterStart(Instant previous, Instant started, Instant now) {
    Look look;
    look.now = now;
    look.previous = previous;
    look.server_started = started;
    return look;
}

DuePlan Due(const char* cron, CatchUp catch_up, const char* handled_until, const Look& look) {
    return WhatIsDue(Cron::Parse(cron), Utc(), catch_up, At(handled_until), look);
}

std::vector<std::string> MissedTimes(const DuePlan& plan) {
    std::vector<std::string> times;
    for (const Missed& missed : plan.missed) times.push_back(Utc().Text(missed.due));
    return times;
}

TEST(Due, NothingYet) {
    const auto plan = Due("0 2 * * *", CatchUp::kLatest, "2026-11-20T02:00Z",
                          Later(At("2026-11-20T09:49Z"), At("2026-11-20T09:50Z")));
    EXPECT_FALSE(plan.run);
    EXPECT_TRUE(plan.missed.empty());
    EXPECT_EQ(plan.handled_until, At("2026-11-20T02:00Z"));
    EXPECT_EQ(plan.next_look, At("2026-11-21T02:00Z"));
    EXPECT_EQ(plan.remark, "");
}

TEST(Due, RunsInTime) {
    for (const auto catch_up : {CatchUp::kLatest, CatchUp::kNone}) {
        const auto plan = Due("0 2 * * *", catch_up, "2026-11-20T02:00Z",
                              Later(At("2026-11-21T01:59:30Z"), At("2026-11-21T02:00:00Z")));
        ASSERT_TRUE(plan.run);
        EXPECT_EQ(plan.run->due, At("2026-11-21T02:00Z"));
        EXPECT_EQ(plan.run->reason, "");
        EXPECT_EQ(plan.run->note, "");
        EXPECT_TRUE(plan.missed.empty());
        EXPECT_EQ(plan.handled_until, At("2026-11-21T02:00Z"));
        EXPECT_EQ(plan.next_look, At("2026-11-22T02:00Z"));
    }
}

TEST(Due, DoesNotRunTwice) {
    const auto plan = Due("0 2 * * *", CatchUp::kLatest, "2026-11-21T02:00Z",
                          Later(At("2026-11-21T02:00:00Z"), At("2026-11-21T02:00:01Z")));
    EXPECT_FALSE(plan.run);
    EXPECT_EQ(plan.next_look, At("2026-11-22T02:00Z"));
}

TEST(Due, CarriesTheNoteOfAShiftedTime) {
    const Zone berlin = Zone::Find("Europe/Berlin");
    const auto plan =
        WhatIsDue(Cron::Parse("30 2 * * *"), berlin, CatchUp::kNone, At("2026-03-28T01:30Z"),
                  Later(At("2026-03-29T00:59:50Z"), At("2026-03-29T01:00:10Z")));
    ASSERT_TRUE(plan.run);
    EXPECT_EQ(plan.run->note, "02:30 does not exist on 2026-03-29, runs at 03:00");
    EXPECT_EQ(plan.next_look, At("2026-03-30T00:30Z"));
}

TEST(Due, AMinuteLateIsInTime) {
    const auto look = [](Instant now) { return Later(At("2026-11-21T01:59:59Z"), now); };
    auto plan =
        Due("0 2 * * *", CatchUp::kNone, "2026-11-20T02:00Z", look(At("2026-11-21T02:01Z")));
    ASSERT_TRUE(plan.run);
    EXPECT_EQ(plan.run->reason, "");
    plan = Due("0 2 * * *", CatchUp::kNone, "2026-11-20T02:00Z", look(At("2026-11-21T02:01:01Z")));
    EXPECT_FALSE(plan.run);
    ASSERT_EQ(plan.missed.size(), 1U);
    EXPECT_EQ(plan.missed[0].reason,
              "the launcher was held up from 2026-11-21 01:59:59 to "
              "2026-11-21 02:01:01 (UTC)");
}

TEST(Due, ServerWasDownCatchUpLatest) {
    const auto plan = Due("0 2 * * *", CatchUp::kLatest, "2026-11-17T02:00Z",
                          AfterStart(At("2026-11-17T22:10:05Z"), At("2026-11-20T09:00:00Z"),
                                     At("2026-11-20T09:00:04Z")));
    ASSERT_TRUE(plan.run);
    const std::string reason =
        "the server was down from 2026-11-17 22:10:05 to 2026-11-20 09:00:00 (UTC)";
    EXPECT_EQ(plan.run->due, At("2026-11-20T02:00Z"));
    EXPECT_EQ(plan.run->reason, reason);
    EXPECT_EQ(MissedTimes(plan),
              (std::vector<std::string>{"2026-11-18 02:00:00", "2026-11-19 02:00:00"}));
    EXPECT_EQ(plan.missed[0].reason, reason);
    EXPECT_EQ(plan.missed[1].reason, reason);
    EXPECT_EQ(plan.handled_until, At("2026-11-20T02:00Z"));
    EXPECT_EQ(plan.next_look, At("2026-11-21T02:00Z"));
}

TEST(Due, ServerWasDownCatchUpNone) {
    const auto plan = Due("0 2 * * *", CatchUp::kNone, "2026-11-17T02:00Z",
                          AfterStart(At("2026-11-17T22:10:05Z"), At("2026-11-20T09:00:00Z"),
                                     At("2026-11-20T09:00:04Z")));
    EXPECT_FALSE(plan.run);
    EXPECT_EQ(MissedTimes(plan),
              (std::vector<std::string>{"2026-11-18 02:00:00", "2026-11-19 02:00:00",
                                        "2026-11-20 02:00:00"}));
    EXPECT_EQ(plan.handled_until, At("2026-11-20T02:00Z"));
}

TEST(Due, ServerCameUpJustInTime) {
    for (const auto catch_up : {CatchUp::kLatest, CatchUp::kNone}) {
        const auto plan = Due("0 * * * *", catch_up, "2026-11-20T01:00Z",
                              AfterStart(At("2026-11-20T01:30Z"), At("2026-11-20T04:00:05Z"),
                                         At("2026-11-20T04:00:06Z")));
        ASSERT_TRUE(plan.run);
        EXPECT_EQ(plan.run->due, At("2026-11-20T04:00Z"));
        EXPECT_EQ(plan.run->reason, "");
        EXPECT_EQ(plan.missed.size(), 2U);
    }
}

std::string ReasonFor(const Look& look) {
    const auto plan = Due("0 2 * * *", CatchUp::kLatest, "2026-11-19T02:00Z", look);
    return plan.run ? plan.run->reason : "no run";
}

TEST(Due, ReasonsTellWhatHappened) {
    const Instant before = At("2026-11-20T01:00:00Z");
    const Instant now = At("2026-11-20T09:00:10Z");
    EXPECT_EQ(ReasonFor(Later(before, now, seconds(20))),
              "the clock jumped forward from 2026-11-20 01:00:00 to 2026-11-20 09:00:10 (UTC)");
    EXPECT_EQ(ReasonFor(Later(before, now)),
              "the launcher was held up from 2026-11-20 01:00:00 to 2026-11-20 09:00:10 (UTC)");
    // The server was up: the launcher had ended.
    EXPECT_EQ(ReasonFor(AfterStart(before, At("2026-11-01T00:00Z"), now)),
              "the launcher was not running from 2026-11-20 01:00:00 to 2026-11-20 09:00:10 (UTC)");
    // The server was back before the time was due, the launcher was not.
    EXPECT_EQ(ReasonFor(AfterStart(before, At("2026-11-20T01:30Z"), now)),
              "the launcher was not running from 2026-11-20 01:30:00 to 2026-11-20 09:00:10 (UTC)");

    Look unknown = AfterStart(before, At("2026-11-20T09:00:00Z"), now);
    unknown.previous.reset();
    EXPECT_EQ(ReasonFor(unknown), "the server was down until 2026-11-20 09:00:00 (UTC)");
    unknown.server_started.reset();
    EXPECT_EQ(ReasonFor(unknown),
              "the launcher was not running from 2026-11-20 02:00:00 to 2026-11-20 09:00:10 (UTC)");

    Look standby = Later(before, now);
    standby.idle_reason = "this server was a standby";
    EXPECT_EQ(ReasonFor(standby),
              "this server was a standby from 2026-11-20 01:00:00 to 2026-11-20 09:00:10 (UTC)");
}

TEST(Due, ReasonsSpeakTheSchedulesTime) {
    const auto plan =
        WhatIsDue(Cron::Parse("0 2 * * *"), Zone::Find("America/New_York"), CatchUp::kLatest,
                  At("2026-11-19T07:00Z"), Later(At("2026-11-20T06:00Z"), At("2026-11-20T09:00Z")));
    EXPECT_EQ(plan.run.value().reason,
              "the launcher was held up from 2026-11-20 01:00:00 to "
              "2026-11-20 04:00:00 (America/New_York)");
}

TEST(Due, MissedRowsAreBounded) {
    const auto start = std::chrono::steady_clock::now();
    const auto plan = Due("* * * * *", CatchUp::kLatest, "2016-11-20T00:00Z",
                          AfterStart(At("2016-11-20T00:00:30Z"), At("2026-11-20T09:00:00Z"),
                                     At("2026-11-20T09:00:04Z")));
    EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(2)); // ten years in 10 ms
    ASSERT_EQ(plan.missed.size(), kMostMissed + 1);
    EXPECT_EQ(plan.missed.front().due, At("2016-11-20T00:01Z"));
    EXPECT_EQ(plan.missed[kMostMissed - 1].due, At("2016-11-20T16:40Z"));
    EXPECT_EQ(plan.missed.back().due, At("2026-11-20T08:59Z"));
    EXPECT_EQ(plan.missed.back().reason,
              "the server was down from 2016-11-20 00:00:30 to 2026-11-20 09:00:00 (UTC); this row "
              "stands for all due times from 2016-11-20 16:41:00 on");
    EXPECT_EQ(plan.run.value().due, At("2026-11-20T09:00Z"));
    EXPECT_EQ(plan.handled_until, At("2026-11-20T09:00Z"));
}

TEST(Due, ExactlyAsManyMissedAsAllowed) {
    const Instant newest = At("2026-11-20T00:00Z") + minutes(kMostMissed + 1);
    const auto plan = Due("* * * * *", CatchUp::kLatest, "2026-11-20T00:00Z",
                          Later(At("2026-11-20T00:00:30Z"), newest));
    ASSERT_EQ(plan.missed.size(), kMostMissed);
    EXPECT_EQ(plan.missed.back().due, newest - minutes(1));
    EXPECT_EQ(plan.missed.back().reason.find("this row"), std::string::npos);
}

TEST(Due, ClockSetBackALittle) {
    // 02:00 has run; the clock goes back from 02:10 to 01:40, so 02:00 comes again.
    const Instant set_back = At("2026-11-20T01:40Z");
    auto plan = Due("0 * * * *", CatchUp::kLatest, "2026-11-20T02:00Z",
                    Later(At("2026-11-20T02:10Z"), set_back, seconds(30)));
    EXPECT_FALSE(plan.run);
    EXPECT_TRUE(plan.missed.empty());
    EXPECT_EQ(plan.remark, "");
    EXPECT_EQ(plan.handled_until, At("2026-11-20T02:00Z"));
    EXPECT_EQ(plan.next_look, At("2026-11-20T03:00Z"));
    plan = Due("0 * * * *", CatchUp::kLatest, "2026-11-20T02:00Z",
               Later(At("2026-11-20T01:59:45Z"), At("2026-11-20T02:00:15Z")));
    EXPECT_FALSE(plan.run);
}

TEST(Due, ClockSetBackALotStallsNobody) {
    // pg_cron waits here until the clock shows again what it showed.
    auto plan = Due("*/5 * * * *", CatchUp::kLatest, "2036-01-01T00:00Z",
                    Later(At("2036-01-01T00:00:10Z"), At("2026-11-20T09:50:10Z"), seconds(10)));
    EXPECT_FALSE(plan.run);
    EXPECT_TRUE(plan.missed.empty());
    EXPECT_EQ(plan.remark,
              "the clock was set back: due times after 2026-11-20 10:50:10 up to "
              "2036-01-01 00:00:00 (UTC) come again");
    EXPECT_EQ(plan.handled_until, At("2026-11-20T10:50:10Z"));
    EXPECT_EQ(plan.next_look, At("2026-11-20T10:55Z"));
    plan = WhatIsDue(Cron::Parse("*/5 * * * *"), Utc(), CatchUp::kLatest, plan.handled_until,
                     Later(At("2026-11-20T10:54:50Z"), At("2026-11-20T10:55:10Z")));
    EXPECT_EQ(plan.run.value().due, At("2026-11-20T10:55Z"));
    EXPECT_EQ(plan.remark, "");
}

TEST(Due, ClockSetBackWhileTheServerWasDown) {
    const auto plan = Due("0 2 * * *", CatchUp::kLatest, "2026-11-25T02:00Z",
                          AfterStart(At("2026-11-25T08:00Z"), At("2026-11-20T09:00:00Z"),
                                     At("2026-11-20T09:00:04Z")));
    EXPECT_FALSE(plan.run);
    EXPECT_EQ(plan.next_look, At("2026-11-21T02:00Z"));
}

TEST(Due, IntervalsCountFromTheLastStart) {
    const auto look = [](const char* now) { return Later(At("2026-11-20T09:50:00Z"), At(now)); };
    auto plan =
        Due("30 seconds", CatchUp::kLatest, "2026-11-20T09:50:00Z", look("2026-11-20T09:50:29Z"));
    EXPECT_FALSE(plan.run);
    EXPECT_EQ(plan.handled_until, At("2026-11-20T09:50:00Z"));
    EXPECT_EQ(plan.next_look, At("2026-11-20T09:50:30Z"));
    plan = Due("30 seconds", CatchUp::kNone, "2026-11-20T09:50:00Z", look("2026-11-20T09:50:32Z"));
    EXPECT_EQ(plan.run.value().due, At("2026-11-20T09:50:30Z"));
    EXPECT_EQ(plan.handled_until, At("2026-11-20T09:50:32Z"));
    EXPECT_EQ(plan.next_look, At("2026-11-20T09:51:02Z"));
}

TEST(Due, IntervalsNeverMissAndNeverStall) {
    auto plan = Due("30 seconds", CatchUp::kNone, "2026-11-01T00:00:00Z",
                    AfterStart(At("2026-11-01T00:00:10Z"), At("2026-11-20T09:00:00Z"),
                               At("2026-11-20T09:00:04Z")));
    EXPECT_TRUE(plan.run);
    EXPECT_TRUE(plan.missed.empty());
    plan = Due("30 seconds", CatchUp::kNone, "2036-01-01T00:00:00Z",
               Later(At("2036-01-01T00:00:00Z"), At("2026-11-20T09:00:00Z"), seconds(1)));
    EXPECT_FALSE(plan.run);
    EXPECT_EQ(plan.handled_until, At("2026-11-20T09:00:00Z"));
    EXPECT_EQ(plan.next_look, At("2026-11-20T09:00:30Z"));
}

// A launcher in a world where clocks jump and servers stop; it remembers one timestamp.
class World {
public:
    explicit World(unsigned seed) : random_(seed) {}

    void Live(int looks) {
        for (int i = 0; i < looks; ++i) Step();
    }

    std::map<Instant, int> rows; // how many rows each due time has left
    Instant highest = At("2026-01-01T00:00Z");
    const Instant start = highest;
    microseconds longest_wait{0}; // in real time, from a run or disturbance to the next run
    const Cron cron = Cron::Parse("*/10 * * * *");

private:
    int Pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

    void Step() {
        Look look;
        look.previous = clock_;
        microseconds elapsed = seconds(Pick(1, 60));
        microseconds jump{0};
        const int event = Pick(0, 99);
        if (event == 0) jump = minutes(Pick(1, 60 * 24));
        if (event == 1) jump = -minutes(Pick(1, 59));
        if (event == 2) elapsed = minutes(Pick(1, 60 * 12)); // down
        // All that was set back must come again before the clock may be set back once more.
        if (jump < microseconds(0) && clock_ < highest) jump = microseconds(0);
        clock_ += elapsed + jump;
        since_run_ += elapsed;
        look.now = clock_;
        if (event != 2) look.elapsed = elapsed;
        highest = std::max(highest, clock_);
        Record(WhatIsDue(cron, zone_, Pick(0, 1) ? CatchUp::kLatest : CatchUp::kNone,
                         handled_until_, look),
               event <= 2);
    }

    void Record(const DuePlan& plan, bool disturbed) {
        for (const Missed& missed : plan.missed) ++rows[missed.due];
        if (plan.run) {
            ++rows[plan.run->due];
            since_run_ = microseconds{0};
        }
        if (disturbed) since_run_ = microseconds{0};
        longest_wait = std::max(longest_wait, since_run_);
        handled_until_ = plan.handled_until;
        ASSERT_GT(plan.next_look, clock_);
        ASSERT_EQ(plan.remark, "");
    }

    std::mt19937 random_;
    const Zone zone_ = Utc();
    Instant clock_ = highest;
    Instant handled_until_ = highest;
    microseconds since_run_{0};
};

TEST(DueProperty, EachDueTimeLeavesExactlyOneRow) {
    const unsigned seed = test::Seed();
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    world.Live(30'000);
    size_t due = 0;
    for (auto fire = world.cron.Next(Utc(), world.start); fire.at <= world.highest;
         fire = world.cron.Next(Utc(), fire.at)) {
        ++due;
        ASSERT_EQ(world.rows[fire.at], 1) << Utc().Text(fire.at);
    }
    EXPECT_EQ(world.rows.size(), due);
    EXPECT_GT(due, 1000U);
    EXPECT_LE(world.longest_wait, hours(1) + minutes(12));
}

} // namespace
} // namespace lifeboat
