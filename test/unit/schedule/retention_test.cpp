// The histories of retention_cases.txt, and what has no place in a table: floors in several stores,
// groups, copies.
#include "core/schedule/retention.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "times.h"

namespace lifeboat {
namespace {

using std::chrono::hours;
using test::At;
using test::Thrown;

constexpr char kGroup[] = "nightly/app";

// --- the table

struct Case {
    int line = 0;
    RetentionGroup group{{}, Zone::Find("UTC")};
    Instant now = At("2200-01-01T00:00:00Z");
    bool floor = false;
    std::vector<RetentionCopy> copies;
    std::vector<std::string> times;
    std::vector<std::string> rules;
};

void ReadOption(Case& read, const std::string& text) {
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const std::string value = equals == text.npos ? "" : text.substr(equals + 1);
    KeepRules& rules = read.group.rules;
    const std::map<std::string, uint32_t*> counts = {
        {"last", &rules.last},     {"hourly", &rules.hourly},   {"daily", &rules.daily},
        {"weekly", &rules.weekly}, {"monthly", &rules.monthly}, {"yearly", &rules.yearly}};
    if (name == "floor") {
        read.floor = true;
    } else if (name == "now") {
        read.now = At(value);
    } else if (name == "within") {
        rules.within = ParseKeepPeriod(value, "within");
    } else {
        *counts.at(name) = static_cast<uint32_t>(std::stoul(value));
    }
}

void ReadBackup(Case& read, const std::string& line) {
    const size_t equals = line.find('=');
    std::istringstream words(line.substr(0, equals));
    std::string time, flag;
    words >> time;
    RetentionCopy& copy = read.copies.emplace_back();
    copy.backup_id = "b" + std::to_string(read.copies.size());
    copy.store = "main";
    copy.taken_at = At(time);
    copy.group = kGroup;
    if (read.floor) copy.floors = {"app"};
    while (words >> flag) {
        copy.damaged |= flag == "damaged";
        copy.pinned |= flag == "pinned";
        copy.verified |= flag == "verified";
    }
    read.times.push_back(time);
    read.rules.push_back(line.substr(equals + 2));
}

std::vector<Case> ReadCases() {
    std::ifstream file(LIFEBOAT_TEST_DATA "/retention_cases.txt");
    std::vector<Case> cases;
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
        if (line.starts_with("    ")) {
            ReadBackup(cases.back(), line);
        } else if (line.starts_with("case ")) {
            std::istringstream words(line.substr(5));
            std::string word;
            words >> word;
            Case& added = cases.emplace_back();
            added.line = number;
            added.group.zone = Zone::Find(word);
            while (words >> word) ReadOption(added, word);
        }
    }
    return cases;
}

TEST(Retention, Table) {
    const std::vector<Case> cases = ReadCases();
    EXPECT_GE(cases.size(), 60U);
    for (const Case& one : cases) {
        const auto decisions = DecideRetention(one.copies, {{kGroup, one.group}}, one.now);
        ASSERT_EQ(decisions.size(), one.copies.size());
        for (size_t i = 0; i < decisions.size(); ++i) {
            EXPECT_EQ(decisions[i].rule, one.rules[i])
                << "line " << one.line << ", " << one.times[i];
            EXPECT_EQ(decisions[i].keep, one.rules[i] != "expired");
        }
    }
}

// --- several stores, databases and schedules

RetentionCopy Copy(std::string id, std::string store, const char* taken_at) {
    RetentionCopy copy;
    copy.backup_id = std::move(id);
    copy.store = std::move(store);
    copy.taken_at = At(taken_at);
    copy.group = kGroup;
    copy.floors = {"app"};
    return copy;
}

RetentionGroup KeepLast(uint32_t count) {
    KeepRules rules;
    rules.last = count;
    return {rules, Zone::Find("UTC")};
}

std::vector<std::string> Rules(const std::vector<RetentionCopy>& copies,
                               const std::map<std::string, RetentionGroup>& groups) {
    std::vector<std::string> rules;
    for (const auto& decision : DecideRetention(copies, groups, At("2027-01-01T00:00Z")))
        rules.push_back(decision.rule);
    return rules;
}

using Words = std::vector<std::string>;

TEST(Retention, CopiesOfABackupAreOneAndHaveTheSameRule) {
    const auto rules =
        Rules({Copy("c", "main", "2026-11-20T02:00Z"), Copy("c", "away", "2026-11-20T02:00Z"),
               Copy("b", "main", "2026-11-19T02:00Z"), Copy("b", "away", "2026-11-19T02:00Z"),
               Copy("a", "main", "2026-11-18T02:00Z"), Copy("a", "away", "2026-11-18T02:00Z")},
              {{kGroup, KeepLast(2)}});
    EXPECT_EQ(rules, Words({"keep_last,floor_complete", "keep_last,floor_complete", "keep_last",
                            "keep_last", "expired", "expired"}));
}

TEST(Retention, TheFloorHoldsInEachStore) {
    // The newer ones have not been copied yet.
    const auto rules =
        Rules({Copy("c", "main", "2026-11-20T02:00Z"), Copy("b", "main", "2026-11-19T02:00Z"),
               Copy("a", "main", "2026-11-18T02:00Z"), Copy("a", "away", "2026-11-18T02:00Z")},
              {{kGroup, KeepLast(1)}});
    EXPECT_EQ(rules, Words({"keep_last,floor_complete", "expired", "expired", "floor_complete"}));
}

TEST(Retention, ABackupCountsWhileOneCopyIsSound) {
    std::vector<RetentionCopy> copies = {Copy("b", "main", "2026-11-19T02:00Z"),
                                         Copy("b", "away", "2026-11-19T02:00Z"),
                                         Copy("a", "main", "2026-11-18T02:00Z")};
    copies[0].damaged = true;
    EXPECT_EQ(Rules(copies, {{kGroup, KeepLast(1)}}),
              Words({"damaged", "keep_last,floor_complete", "floor_complete"}));
    copies[1].damaged = true;
    EXPECT_EQ(Rules(copies, {{kGroup, KeepLast(1)}}),
              Words({"damaged", "damaged", "keep_last,floor_complete"}));
}

TEST(Retention, SchedulesOfADatabaseShareTheFloorOnly) {
    std::vector<RetentionCopy> copies = {
        Copy("h2", "main", "2026-11-20T02:00Z"), Copy("h1", "main", "2026-11-20T01:00Z"),
        Copy("n2", "main", "2026-11-19T02:00Z"), Copy("n1", "main", "2026-11-18T02:00Z")};
    copies[0].group = copies[1].group = "hourly/app";
    copies[3].verified = true;
    EXPECT_EQ(Rules(copies, {{kGroup, KeepLast(1)}, {"hourly/app", KeepLast(1)}}),
              Words({"keep_last,floor_complete", "expired", "keep_last", "floor_verified"}));
}

TEST(Retention, WithoutAScheduleOrItsRulesNothingGoes) {
    std::vector<RetentionCopy> copies = {Copy("b", "main", "2026-11-19T02:00Z"),
                                         Copy("a", "main", "2026-11-18T02:00Z"),
                                         Copy("o", "main", "2026-11-17T02:00Z")};
    copies[2].group.clear();
    EXPECT_EQ(Rules(copies, {}), Words({"no_policy", "no_policy", "no_policy"}));
    EXPECT_EQ(Rules(copies, {{kGroup, KeepLast(0)}, {"", KeepLast(1)}}),
              Words({"no_policy", "no_policy", "no_policy"}));
}

TEST(Retention, BackupsOfNoScheduleAreAFloorForOthers) {
    std::vector<RetentionCopy> copies = {Copy("o", "main", "2026-11-20T02:00Z"),
                                         Copy("b", "main", "2026-11-19T02:00Z"),
                                         Copy("a", "main", "2026-11-18T02:00Z")};
    copies[0].group.clear();
    EXPECT_EQ(Rules(copies, {{kGroup, KeepLast(1)}}), Words({"no_policy", "keep_last", "expired"}));
}

// A database that was renamed, and another that has its name now.
TEST(Retention, ARenamedDatabaseHasAFloorOfItsOwn) {
    std::vector<RetentionCopy> copies = {Copy("b", "main", "2026-11-20T02:00Z"),
                                         Copy("a", "main", "2026-11-19T02:00Z"),
                                         Copy("z", "main", "2026-11-18T02:00Z")};
    copies[0].floors = {"app", "#2"};
    copies[1].floors = {"app", "#1"};
    copies[2].floors = {"app", "#1"};
    EXPECT_EQ(Rules(copies, {{kGroup, KeepLast(1)}}),
              Words({"keep_last,floor_complete", "floor_complete", "expired"}));
}

TEST(Retention, OneInstantOrderedBySequence) {
    std::vector<RetentionCopy> copies = {Copy("x", "main", "2026-11-20T02:00Z"),
                                         Copy("y", "main", "2026-11-20T02:00Z")};
    copies[0].sequence = 8;
    copies[1].sequence = 7;
    EXPECT_EQ(Rules(copies, {{kGroup, KeepLast(1)}}),
              Words({"keep_last,floor_complete", "expired"}));
}

// --- periods

TEST(KeepPeriods, Parse) {
    const auto parse = [](const char* text) { return ParseKeepPeriod(text, "--keep-within"); };
    EXPECT_EQ(parse("7d"), (KeepPeriod{0, 7, {}}));
    EXPECT_EQ(parse("1y6m2w3d36h"), (KeepPeriod{18, 17, hours{36}}));
    std::string long_time;
    for (int i = 0; i < 10'000; ++i) long_time += "1000000h1000000y";
    EXPECT_EQ(Before(Zone::Find("UTC"), At("2026-11-20T02:00:00Z"), parse(long_time.c_str())),
              Instant::min());
    EXPECT_EQ(parse("1000000h"), (KeepPeriod{0, 0, hours{1'000'000}}));
    for (const char* text : {"", "7", "d", "7 d", "-7d", "7D", "0d", "7d8", "1000001h", "1.5d",
                             "99999999999999999999d"}) {
        const Error error = Thrown([&] { parse(text); });
        EXPECT_EQ(error.code(), Errc::InvalidValue) << text;
        EXPECT_NE(error.message().find("--keep-within must be a time such as 7d"),
                  std::string::npos)
            << error.message();
    }
}

TEST(KeepPeriods, BeyondAllYears) {
    const Zone zone = Zone::Find("Europe/Berlin");
    const Instant now = At("2026-11-20T02:00:00Z");
    for (const KeepPeriod& period :
         {KeepPeriod{12 * 2026, 0, {}}, KeepPeriod{INT32_MAX, 0, {}}, KeepPeriod{0, 800'000, {}},
          KeepPeriod{0, INT32_MAX, {}}, KeepPeriod{0, 0, hours{2'000'000'000}},
          KeepPeriod{12 * 2025, 400, {}}}) {
        EXPECT_EQ(Before(zone, now, period), Instant::min());
    }
    EXPECT_GT(Before(zone, now, {12 * 2000, 0, {}}), Instant::min());
    EXPECT_EQ(Before(zone, now, {1, -1, hours{-1}}), At("2026-10-21T02:00:00Z"));
}

} // namespace
} // namespace lifeboat
