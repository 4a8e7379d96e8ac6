// Which backups are kept, and the rule that says so: grandfather, father, son as users of restic
// know them, answered without a server.
//
// Two things are looked at. *Rules* (keep_last, keep_within, keep_hourly …) belong to a group, that
// is one schedule and one database: only sound backups of the group count and fill slots, in the
// time zone of the schedule; a backup is one however many copies it has, and counts while one of
// them is sound. The *floor* belongs to a database and a store: the newest complete copy and the
// newest verified one stay, whatever the rules say. Damaged copies are neither counted nor deleted.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/schedule/zone.h"

namespace lifeboat {

// An interval of PostgreSQL: how long a month or a day is depends on where it is counted from.
struct KeepPeriod {
    int64_t months = 0;
    int64_t days = 0;
    std::chrono::microseconds time{0};
    bool operator==(const KeepPeriod&) const = default;
};
// Years, months, weeks, days and hours as restic writes them: "7d", "1y6m", "36h", "2w". Throws
// Error(InvalidValue) that names `option`.
KeepPeriod ParseKeepPeriod(std::string_view text, std::string_view option);
// `when - period` as PostgreSQL reckons: months (the last day of a shorter month), then days, both
// by the clock on the wall, then time. A wall time that does not exist is read with the offset
// before the gap, one that exists twice is the second. Beyond all years: Instant::min().
Instant Before(const Zone& zone, Instant when, const KeepPeriod& period);

struct KeepRules {
    uint32_t last = 0; // 0: no such rule
    std::optional<KeepPeriod> within;
    uint32_t hourly = 0;
    uint32_t daily = 0;
    uint32_t weekly = 0; // ISO weeks
    uint32_t monthly = 0;
    uint32_t yearly = 0;
    [[nodiscard]] bool empty() const noexcept { return *this == KeepRules{}; }
    bool operator==(const KeepRules&) const = default;
};

// One copy of a backup, in one store.
struct RetentionCopy {
    std::string backup_id;
    std::string store;
    Instant taken_at{}; // of the snapshot; the same in all copies, as are sequence, group and pin
    uint64_t sequence = 0;
    std::string group;               // empty: no rules can apply
    std::vector<std::string> floors; // the databases it is a backup of: by name, by identity
    bool pinned = false;
    bool damaged = false;
    bool verified = false; // so thoroughly that it can be a floor
};

struct RetentionGroup {
    KeepRules rules;
    Zone zone;
};

struct RetentionDecision {
    bool keep = true;
    // Words of design and documentation, joined by commas: keep_last, keep_within, keep_hourly,
    // keep_hourly (oldest) …, pinned, floor_complete, floor_verified, damaged, no_policy, expired.
    std::string rule;
    bool operator==(const RetentionDecision&) const = default;
};

// One decision for each copy, in their order. A group that is not in `groups`, or has no rules,
// loses nothing. Backups that are later than `now` were taken by a clock that was wrong: they count
// like others, but do not make those of the present old (keep_within) or dispensable (floor).
std::vector<RetentionDecision> DecideRetention(const std::vector<RetentionCopy>& copies,
                                               const std::map<std::string, RetentionGroup>& groups,
                                               Instant now);

} // namespace lifeboat
