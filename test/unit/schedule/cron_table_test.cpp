// The expressions of cron_cases.txt: each accepted one with its next five times, each refused one
// with its words.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "core/schedule/cron.h"
#include "times.h"

namespace lifeboat {
namespace {

using test::At;
using test::Stamp;
using test::Thrown;

struct Case {
    int line = 0;
    bool accepted = false;
    std::string expression;
    std::string zone;
    std::string after;
    std::vector<std::string> lines; // the indented ones
};

std::string Unescape(std::string_view text) {
    std::string plain;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            plain += text[i];
            continue;
        }
        ++i;
        plain += text[i] == 't' ? '\t' : text[i] == 'n' ? '\n' : text[i];
    }
    return plain;
}

std::vector<Case> ReadCases() {
    std::ifstream file(LIFEBOAT_TEST_DATA "/cron_cases.txt");
    std::vector<Case> cases;
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
        if (line.starts_with("    ")) {
            cases.back().lines.push_back(line.substr(4));
        } else if (line.starts_with("ok ") || line.starts_with("no ")) {
            const size_t quote = line.rfind('"');
            Case& added = cases.emplace_back();
            added.line = number;
            added.accepted = line.starts_with("ok ");
            added.expression = Unescape(std::string_view(line).substr(4, quote - 4));
            if (!added.accepted) continue;
            const size_t blank = line.find(' ', quote + 2);
            added.zone = line.substr(quote + 2, blank - quote - 2);
            added.after = line.substr(blank + 1);
        }
    }
    return cases;
}

const std::vector<Case>& Cases() {
    static const std::vector<Case> cases = ReadCases();
    return cases;
}

std::string Where(const Case& one) {
    return "cron_cases.txt:" + std::to_string(one.line) + ": \"" + one.expression + "\"";
}

TEST(CronTable, IsLarge) {
    std::set<std::string> expressions;
    for (const Case& one : Cases()) {
        EXPECT_FALSE(one.lines.empty()) << Where(one);
        expressions.insert(one.expression);
    }
    EXPECT_GE(Cases().size(), 440U);
    EXPECT_GE(expressions.size(), 300U);
}

TEST(CronTable, NextFiveTimes) {
    for (const Case& one : Cases()) {
        if (!one.accepted) continue;
        SCOPED_TRACE(Where(one));
        const Zone zone = Zone::Find(one.zone);
        std::vector<std::string> times;
        for (const auto& run : Cron::Parse(one.expression).NextRuns(zone, At(one.after), 5)) {
            times.push_back(Stamp(zone, run.at) + (run.note.empty() ? "" : "  " + run.note));
        }
        EXPECT_EQ(times, one.lines);
    }
}

TEST(CronTable, RefusalsSayWhy) {
    for (const Case& one : Cases()) {
        if (one.accepted) continue;
        SCOPED_TRACE(Where(one));
        const Error error = Thrown([&] { (void)Cron::Parse(one.expression); });
        std::string message = "invalid cron expression \"" + one.expression + "\"";
        std::string hint = error.hint();
        for (const std::string& line : one.lines) {
            if (line.starts_with("hint: ")) hint = line.substr(6);
            if (line.starts_with("message: ")) message = line.substr(9);
        }
        EXPECT_EQ(error.message(), message);
        EXPECT_EQ(error.detail(), one.lines.front());
        EXPECT_EQ(error.hint(), hint);
        EXPECT_FALSE(error.hint().empty());
        EXPECT_EQ(error.sqlstate(), "22023");
    }
}

TEST(Cron, KeepsItsText) {
    EXPECT_EQ(Cron::Parse(" 5  4 * * *").text(), " 5  4 * * *");
    EXPECT_EQ(Cron::Parse("@Daily").text(), "@Daily");
    EXPECT_FALSE(Cron::Parse("@daily").is_interval());
    EXPECT_TRUE(Cron::Parse("7 seconds").is_interval());
    EXPECT_EQ(Cron::Parse("7 seconds").interval(), std::chrono::seconds(7));
}

TEST(Cron, LengthIsBounded) {
    std::string longest = "0";
    while (longest.size() + 10 <= 999) longest += ",5";
    longest += std::string(999 - 8 - longest.size(), '0') + " 1 * * *";
    ASSERT_EQ(longest.size(), 999U);
    EXPECT_EQ(Thrown([&] { (void)Cron::Parse(longest + " "); }).detail(),
              "It has 1000 bytes, 999 are allowed.");
    EXPECT_EQ(Thrown([&] { (void)Cron::Parse(std::string(5'000'000, '*')); }).message(),
              "invalid cron expression \"" + std::string(40, '*') + "\"");
}

TEST(Cron, IntervalKeepsFractionsOfItsStart) {
    const Instant start = At("2026-11-20T09:50:30Z") + std::chrono::microseconds(250'000);
    const auto run = Cron::Parse("10 seconds").Next(Zone::Find("UTC"), start);
    EXPECT_EQ(run.at, start + std::chrono::seconds(10));
}

TEST(Cron, FractionsOfASecondCountForAfter) {
    const Zone zone = Zone::Find("UTC");
    const Instant nine = At("2026-11-20T09:00:00Z");
    const Cron hourly = Cron::Parse("@hourly");
    EXPECT_EQ(hourly.Next(zone, nine - std::chrono::microseconds(1)).at, nine);
    EXPECT_EQ(hourly.Next(zone, nine).at, nine + std::chrono::hours(1));
    EXPECT_EQ(hourly.Next(zone, nine + std::chrono::microseconds(1)).at,
              nine + std::chrono::hours(1));
}

TEST(Cron, TimesThatAZoneAlwaysSkipsAreAnError) {
    const Cron cron = Cron::Parse("* 2 8-14 3 */7"); // the second Sunday in March
    EXPECT_EQ(Stamp(Zone::Find("UTC"), cron.Next(Zone::Find("UTC"), At("2026-01-01T00:00Z")).at),
              "2026-03-08T02:00:00+00:00");
    const Error error = Thrown(
        [&] { (void)cron.Next(Zone::Find("America/New_York"), At("2026-01-01T00:00:00Z")); });
    EXPECT_EQ(error.message(),
              "cron expression \"* 2 8-14 3 */7\" does not fire in time zone \"America/New_York\"");
    EXPECT_EQ(error.detail(),
              "All its times of the next 100 years are skipped when clocks are put forward.");
    EXPECT_EQ(error.sqlstate(), "22023");
}

TEST(Cron, InstantsOutOfRange) {
    const Zone zone = Zone::Find("Europe/Berlin");
    const Cron cron = Cron::Parse("@yearly");
    for (const Instant when : {Instant::min(), Instant::max(), At("9800-01-01T00:00:00Z"),
                               At("0001-01-01T00:00:00Z") - std::chrono::microseconds(1)}) {
        const Error error = Thrown([&] { (void)cron.Next(zone, when); });
        EXPECT_EQ(error.message(), "time to look for runs after is out of range");
        EXPECT_EQ(error.detail(), "It must lie in the years 1 to 9799.");
    }
    EXPECT_EQ(Stamp(zone, cron.Next(zone, At("9799-12-31T22:59:59Z")).at),
              "9800-01-01T00:00:00+01:00");
    EXPECT_NO_THROW((void)cron.Next(zone, At("0001-01-01T00:00:00Z")));
}

TEST(Cron, CountOutOfRange) {
    const Zone zone = Zone::Find("UTC");
    const Cron cron = Cron::Parse("* * * * *");
    const Instant after = At("2026-11-20T09:50:00Z");
    EXPECT_TRUE(cron.NextRuns(zone, after, 0).empty());
    EXPECT_EQ(cron.NextRuns(zone, after, Cron::kMostRuns).size(), 10'000U);
    EXPECT_EQ(Thrown([&] { (void)cron.NextRuns(zone, after, -1); }).message(),
              "count -1 is out of range 0 to 10000");
    EXPECT_EQ(Thrown([&] { (void)cron.NextRuns(zone, after, 10'001); }).message(),
              "count 10001 is out of range 0 to 10000");
}

TEST(Cron, RareTimesAreFoundQuickly) {
    const Zone zone = Zone::Find("Europe/Berlin");
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 100; ++i) {
        (void)Cron::Parse("*/5 */2 29 2 */7").Next(zone, At("2088-03-01T00:00:00Z"));
        (void)Cron::Parse("0 0 29 2 */7").Next(zone, At("2088-03-01T00:00:00Z"));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2)); // 20 ms in fact
}

TEST(Cron, LastIsTheOneBeforeTheNext) {
    const Zone zone = Zone::Find("Europe/Berlin");
    const Instant from = At("2016-01-01T00:00:00Z");
    const auto last = [&](const char* cron, const char* until) {
        const auto fire = Cron::Parse(cron).Last(zone, from, At(until));
        return fire ? Stamp(zone, fire->at) + fire->note : "none";
    };
    EXPECT_EQ(last("* * * * *", "2026-11-20T09:50:30Z"), "2026-11-20T10:50:00+01:00");
    EXPECT_EQ(last("0 0 29 2 *", "2026-11-20T09:50:30Z"), "2024-02-29T00:00:00+01:00");
    EXPECT_EQ(last("0 0 1 1 *", "2016-01-01T00:00:00Z"), "none");
    EXPECT_EQ(last("30 2 * * *", "2026-03-29T00:59:59Z"), "2026-03-28T02:30:00+01:00");
    EXPECT_EQ(last("30 2 * * *", "2026-03-29T01:00:00Z"),
              "2026-03-29T03:00:00+02:0002:30 does not exist on 2026-03-29, runs at 03:00");
    EXPECT_EQ(last("30 2 * * *", "2015-01-01T00:00:00Z"), "none");
}

} // namespace
} // namespace lifeboat
