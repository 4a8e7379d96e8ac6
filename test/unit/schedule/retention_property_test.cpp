// Random histories: what the rules promise holds for each of them.
#include <gtest/gtest.h>

#include <set>

#include "core/schedule/retention.h"
#include "times.h"

namespace lifeboat {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using test::At;

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
