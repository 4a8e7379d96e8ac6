// The histories of retention_cases.txt, and what has no place in a table: floors in several stores,
// groups, copies, and random histories.
#include "core/schedule/retention.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "times.h"

namespace lifeboat {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
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

// --- random histories

class Random {
public:
    explicit Random(unsigned seed) : engine_(seed) {}
    uint32_t Below(uint32_t limit) { return static_cast<uint32_t>(engine_() % limit); }
    bool OneIn(uint32_t n) { return Below(n) == 0; }

private:
    std::mt19937_64 engine_;
};

struct History {
    std::vector<RetentionCopy> copies;
    std::map<std::string, RetentionGroup> groups;
    Instant now;
};

KeepRules RandomRules(Random& random) {
    const auto count = [&random] { return random.OneIn(6) ? random.Below(4) : 0; };
    KeepRules rules;
    rules.last = random.Below(3);
    if (random.OneIn(8)) {
        rules.within = KeepPeriod{random.OneIn(3) ? random.Below(3) : 0, random.Below(20),
                                  hours{1 + random.Below(40)}};
    }
    rules.hourly = count();
    rules.daily = count();
    rules.weekly = count();
    rules.monthly = count();
    rules.yearly = count();
    return rules;
}

History RandomHistory(Random& random, const std::vector<Zone>& zones) {
    static const char* const kStores[] = {"main", "away", "cold"};
    static const char* const kGroups[] = {
        "nightly/app", "nightly/app", "nightly/app", "hourly/app", "nightly/web", "gone", ""};
    History history;
    for (const char* group : {"nightly/app", "hourly/app", "nightly/web"})
        history.groups.emplace(
            group, RetentionGroup{RandomRules(random),
                                  zones[random.Below(static_cast<uint32_t>(zones.size()))]});
    const uint32_t step = 1U << random.Below(24); // seconds between backups: up to half a year
    Instant when = At("2026-11-20T02:00:00Z");
    for (uint32_t i = random.Below(20); i > 0; --i) {
        when -= seconds{random.Below(step + 1)};
        RetentionCopy backup;
        backup.backup_id = "b" + std::to_string(i);
        backup.taken_at = when;
        backup.sequence = i;
        backup.group = kGroups[random.Below(7)];
        backup.pinned = random.OneIn(20);
        backup.floors = {random.OneIn(4) ? "web" : "app"};
        if (random.OneIn(3)) backup.floors.push_back("#" + std::to_string(random.Below(2)));
        for (const char* store : kStores) {
            if (!random.OneIn(2)) continue;
            backup.store = store;
            backup.damaged = random.OneIn(5);
            backup.verified = random.OneIn(3);
            history.copies.push_back(backup);
        }
    }
    history.now =
        random.OneIn(8) ? when + seconds{random.Below(step * 4 + 1)} : At("2026-11-20T02:00:01Z");
    return history;
}

// Newest of those that `fits` takes: nobody but the test says what a floor is.
template <class Fits>
const RetentionCopy* NewestOf(const History& history, Fits fits) {
    const RetentionCopy* newest = nullptr;
    for (const RetentionCopy& copy : history.copies) {
        if (copy.damaged || !fits(copy)) continue;
        if (newest == nullptr ||
            std::tie(copy.taken_at, copy.sequence) > std::tie(newest->taken_at, newest->sequence))
            newest = &copy;
    }
    return newest;
}

void CheckFloors(const History& history, const std::vector<RetentionDecision>& decisions) {
    std::set<std::pair<std::string, std::string>> floors;
    for (const RetentionCopy& copy : history.copies)
        for (const std::string& database : copy.floors) floors.emplace(copy.store, database);
    for (const auto& [store, database] : floors) {
        const auto of = [&, &store = store, &database = database](const RetentionCopy& copy) {
            return copy.store == store &&
                   std::find(copy.floors.begin(), copy.floors.end(), database) != copy.floors.end();
        };
        for (const bool present : {false, true}) {
            for (const bool verified : {false, true}) {
                const RetentionCopy* newest = NewestOf(history, [&](const RetentionCopy& copy) {
                    return of(copy) && (!verified || copy.verified) &&
                           (!present || copy.taken_at <= history.now);
                });
                if (newest == nullptr) continue;
                ASSERT_TRUE(decisions[static_cast<size_t>(newest - history.copies.data())].keep)
                    << newest->backup_id << " is the newest of " << database << " in " << store;
            }
        }
    }
}

void CheckPromises(const History& history, const std::vector<RetentionDecision>& decisions) {
    for (size_t i = 0; i < decisions.size(); ++i) {
        const RetentionCopy& copy = history.copies[i];
        const auto group = history.groups.find(copy.group);
        const bool has_rules = group != history.groups.end() && !group->second.rules.empty();
        ASSERT_EQ(decisions[i].keep, decisions[i].rule != "expired");
        ASSERT_FALSE(decisions[i].rule.empty());
        const bool stays = copy.damaged || copy.pinned || !has_rules;
        ASSERT_TRUE(decisions[i].keep || !stays);
        // The rules say the same of each copy.
        for (size_t j = 0; j < i; ++j) {
            if (history.copies[j].backup_id != copy.backup_id) continue;
            if (copy.damaged || history.copies[j].damaged) continue;
            ASSERT_EQ(decisions[i].rule.find("keep_") != std::string::npos,
                      decisions[j].rule.find("keep_") != std::string::npos);
        }
    }
}

// What a prune leaves, the next one leaves too.
void CheckStable(const History& history, const std::vector<RetentionDecision>& decisions) {
    std::vector<RetentionCopy> left;
    for (size_t i = 0; i < decisions.size(); ++i)
        if (decisions[i].keep) left.push_back(history.copies[i]);
    for (const auto& decision : DecideRetention(left, history.groups, history.now))
        ASSERT_TRUE(decision.keep);
}

TEST(Retention, RandomHistories) {
    Random random(test::Seed());
    std::vector<Zone> zones;
    for (const char* name : {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                             "Pacific/Apia", "Asia/Kathmandu"})
        zones.push_back(Zone::Find(name));
    size_t deleted = 0;
    for (int i = 0; i < 100'000; ++i) {
        const History history = RandomHistory(random, zones);
        const auto decisions = DecideRetention(history.copies, history.groups, history.now);
        ASSERT_EQ(decisions.size(), history.copies.size());
        CheckFloors(history, decisions);
        CheckPromises(history, decisions);
        CheckStable(history, decisions);
        if (HasFatalFailure()) FAIL() << "history " << i;
        for (const auto& decision : decisions) deleted += decision.keep ? 0 : 1;
    }
    EXPECT_GT(deleted, 100'000U); // else nothing was tried
}

} // namespace
} // namespace lifeboat
