#include "core/schedule/retention.h"

#include <algorithm>
#include <tuple>

#include "core/base/bytes.h"
#include "core/base/error.h"

namespace lifeboat {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::year_month_day;
using LocalTime = std::chrono::local_time<microseconds>;

// Zones are asked for no other years.
constexpr std::chrono::sys_days kFirstDay = std::chrono::year{1} / 1 / 3;
constexpr int64_t kMostMonths = 12 * 9000;
constexpr int64_t kMostDays = 366 * 9000;
constexpr hours kMostTime{24 * kMostDays};

// Local time of instants that lie close together.
class LocalClock {
public:
    explicit LocalClock(const Zone& zone) : zone_(zone) {}
    LocalTime At(Instant when) {
        if (!span_ || when < span_->begin || when >= span_->end) span_ = zone_.SpanAt(when);
        return LocalTime((when + span_->offset).time_since_epoch());
    }

private:
    const Zone& zone_;
    std::optional<Zone::Span> span_;
};

Instant ToInstant(const Zone& zone, LocalTime local) {
    const auto minute = std::chrono::floor<minutes>(local);
    const Zone::Mapping mapping = zone.ToInstant(FromWall(minute));
    if (mapping.kind != Zone::Kind::kGap) return mapping.second + (local - minute);
    const auto before = zone.SpanAt(mapping.first - microseconds{1}).offset;
    return Instant(local.time_since_epoch()) - before;
}

// nullopt: before the first year.
std::optional<LocalTime> BackByMonths(LocalTime local, int64_t months) {
    const auto midnight = std::chrono::floor<days>(local);
    const year_month_day day{midnight};
    const auto month = std::chrono::year_month{day.year(), day.month()} -
                       std::chrono::months{static_cast<int>(months)};
    if (month.year() < std::chrono::year{1}) return std::nullopt;
    const year_month_day last{month / std::chrono::last};
    return local_days{month / std::min(day.day(), last.day())} + (local - midnight);
}

// --- the periods that have a slot each

using Label = int64_t; // of a period; only equal or not

Label HourOf(LocalTime local) {
    return std::chrono::floor<hours>(local).time_since_epoch().count();
}
Label DayOf(LocalTime local) { return std::chrono::floor<days>(local).time_since_epoch().count(); }
// 1 January 1970 was a Thursday; an ISO week begins on Monday.
Label WeekOf(LocalTime local) {
    const Label since_monday = DayOf(local) + 3;
    return since_monday >= 0 ? since_monday / 7 : (since_monday - 6) / 7;
}
Label YearOf(LocalTime local) {
    return static_cast<int>(year_month_day{std::chrono::floor<days>(local)}.year());
}
Label MonthOf(LocalTime local) {
    const year_month_day day{std::chrono::floor<days>(local)};
    return YearOf(local) * 12 + static_cast<unsigned>(day.month());
}

struct PeriodRule {
    const char* word;
    uint32_t left;
    Label (*label)(LocalTime);
    std::optional<Label> filled = {};

    // The word for the backup that comes next, newest first; empty: this rule does not keep it.
    std::string Take(LocalTime local, bool oldest) {
        if (left == 0) return {};
        const Label period = label(local);
        const bool fresh = period != filled;
        if (!fresh && !oldest) return {};
        filled = period;
        --left;
        return fresh ? word : std::string(word) + " (oldest)";
    }
};

void Append(std::string& rule, std::string_view word) {
    if (word.empty()) return;
    if (!rule.empty()) rule += ',';
    rule += word;
}

struct Sound {
    Instant taken_at{};
    uint64_t sequence = 0;
    std::string_view backup_id;
};
bool IsNewer(const Sound& a, const Sound& b) {
    return std::tie(a.taken_at, a.sequence, a.backup_id) >
           std::tie(b.taken_at, b.sequence, b.backup_id);
}

// What the words of a group's rules are for each of its sound backups, which come newest first.
class GroupRules {
public:
    GroupRules(const RetentionGroup& group, Instant now)
        : rules_(group.rules), zone_(group.zone), now_(now), clock_(zone_) {}

    std::vector<std::string> Words(const std::vector<Sound>& sound) {
        std::vector<std::string> words(sound.size());
        const std::optional<Instant> limit = WithinLimit(sound);
        uint32_t present = 0;
        for (size_t i = 0; i < sound.size(); ++i) {
            // A clock was wrong: what it has dated takes no place from what there is.
            if (sound[i].taken_at > now_) {
                Append(words[i], "future");
                continue;
            }
            if (present++ < rules_.last) Append(words[i], "keep_last");
            if (limit && sound[i].taken_at > *limit) Append(words[i], "keep_within");
            const LocalTime local = clock_.At(sound[i].taken_at);
            for (PeriodRule& period : periods_)
                Append(words[i], period.Take(local, i + 1 == sound.size()));
        }
        return words;
    }

private:
    [[nodiscard]] std::optional<Instant> WithinLimit(const std::vector<Sound>& sound) const {
        if (!rules_.within || sound.empty()) return std::nullopt;
        const auto newest = std::find_if(sound.begin(), sound.end(),
                                         [this](const Sound& one) { return one.taken_at <= now_; });
        return Before(zone_, newest == sound.end() ? sound.front().taken_at : newest->taken_at,
                      *rules_.within);
    }

    const KeepRules& rules_;
    const Zone& zone_;
    Instant now_;
    LocalClock clock_;
    PeriodRule periods_[5] = {{"keep_hourly", rules_.hourly, HourOf},
                              {"keep_daily", rules_.daily, DayOf},
                              {"keep_weekly", rules_.weekly, WeekOf},
                              {"keep_monthly", rules_.monthly, MonthOf},
                              {"keep_yearly", rules_.yearly, YearOf}};
};

// --- the floor of one database in one store

struct Newest {
    std::optional<Sound> one;
    void See(const Sound& copy) {
        if (!one || IsNewer(copy, *one)) one = copy;
    }
    [[nodiscard]] bool Is(std::string_view id) const { return one && one->backup_id == id; }
};

// Of all and of those that are not later than now.
struct Floor {
    Newest any, present;
    void See(const Sound& copy, Instant now) {
        any.See(copy);
        if (copy.taken_at <= now) present.See(copy);
    }
    [[nodiscard]] bool Is(std::string_view id) const { return any.Is(id) || present.Is(id); }
};

class Retention {
public:
    Retention(const std::vector<RetentionCopy>& copies,
              const std::map<std::string, RetentionGroup>& groups, Instant now)
        : copies_(copies), groups_(groups), now_(now) {}

    std::vector<RetentionDecision> Decide() {
        ApplyRules();
        FindFloors();
        std::vector<RetentionDecision> decisions;
        decisions.reserve(copies_.size());
        for (const RetentionCopy& copy : copies_) decisions.push_back(DecideOne(copy));
        return decisions;
    }

private:
    static Sound SoundOf(const RetentionCopy& copy) {
        return {copy.taken_at, copy.sequence, copy.backup_id};
    }

    [[nodiscard]] const RetentionGroup* GroupOf(const RetentionCopy& copy) const {
        const auto found = groups_.find(copy.group);
        const bool has = found != groups_.end() && !copy.group.empty();
        return has && !found->second.rules.empty() ? &found->second : nullptr;
    }

    void ApplyRules() {
        std::map<std::string_view, std::vector<Sound>> sound;
        for (const RetentionCopy& copy : copies_) {
            if (copy.damaged || GroupOf(copy) == nullptr) continue;
            sound[copy.group].push_back(SoundOf(copy));
        }
        for (auto& [name, backups] : sound) {
            std::sort(backups.begin(), backups.end(), IsNewer);
            // Several copies of one backup are one.
            const auto same = [](const Sound& a, const Sound& b) {
                return a.backup_id == b.backup_id;
            };
            backups.erase(std::unique(backups.begin(), backups.end(), same), backups.end());
            const RetentionGroup& group = groups_.find(std::string(name))->second;
            const std::vector<std::string> words = GroupRules(group, now_).Words(backups);
            for (size_t i = 0; i < backups.size(); ++i) words_[backups[i].backup_id] = words[i];
        }
    }

    void FindFloors() {
        for (const RetentionCopy& copy : copies_) {
            if (copy.damaged) continue;
            for (const std::string& database : copy.floors) {
                complete_[{copy.store, database}].See(SoundOf(copy), now_);
                if (copy.verified) verified_[{copy.store, database}].See(SoundOf(copy), now_);
            }
        }
    }

    using Floors = std::map<std::pair<std::string_view, std::string_view>, Floor>;
    static bool IsFloor(const Floors& floors, const RetentionCopy& copy) {
        if (copy.damaged) return false;
        return std::any_of(copy.floors.begin(), copy.floors.end(),
                           [&](const std::string& database) {
                               const auto found = floors.find({copy.store, database});
                               return found != floors.end() && found->second.Is(copy.backup_id);
                           });
    }

    [[nodiscard]] RetentionDecision DecideOne(const RetentionCopy& copy) const {
        std::string rule;
        if (!copy.damaged) {
            const auto words = words_.find(copy.backup_id);
            if (words != words_.end()) rule = words->second;
        }
        if (copy.pinned) Append(rule, "pinned");
        if (copy.damaged) Append(rule, "damaged");
        const bool has_rules = GroupOf(copy) != nullptr;
        if (has_rules && IsFloor(complete_, copy)) Append(rule, "floor_complete");
        if (has_rules && IsFloor(verified_, copy)) Append(rule, "floor_verified");
        if (!rule.empty()) return {true, rule};
        if (!has_rules) return {true, "no_policy"};
        return {false, "expired"};
    }

    const std::vector<RetentionCopy>& copies_;
    const std::map<std::string, RetentionGroup>& groups_;
    Instant now_;
    std::map<std::string_view, std::string> words_; // by backup: of its group's rules
    Floors complete_;
    Floors verified_;
};

} // namespace

Instant Before(const Zone& zone, Instant when, const KeepPeriod& period) {
    if (period.months > kMostMonths || period.days > kMostDays || period.time > kMostTime)
        return Instant::min();
    Instant result = when;
    if (period.months != 0) {
        const auto local = BackByMonths(LocalClock(zone).At(result), period.months);
        if (!local) return Instant::min();
        result = ToInstant(zone, *local);
    }
    if (result < kFirstDay + days{period.days}) return Instant::min();
    if (period.days != 0) result = ToInstant(zone, LocalClock(zone).At(result) - days{period.days});
    return result - period.time;
}

KeepPeriod ParseKeepPeriod(std::string_view text, std::string_view option) {
    KeepPeriod period;
    const auto refuse = [&] {
        throw Error(
            Errc::InvalidValue,
            std::string(option) + " must be a time such as 7d, not \"" + Printable(text) + "\"",
            "It is made of numbers with y, m, w, d or h: years, months, weeks, days, "
            "hours.");
    };
    int64_t number = -1;
    for (const char c : text) {
        if (c >= '0' && c <= '9') {
            number = (number < 0 ? 0 : number) * 10 + (c - '0');
            if (number > 1'000'000) refuse();
            continue;
        }
        if (number < 0) refuse();
        switch (c) {
        case 'y': period.months += 12 * number; break;
        case 'm': period.months += number; break;
        case 'w': period.days += 7 * number; break;
        case 'd': period.days += number; break;
        case 'h': period.time += hours{number}; break;
        default: refuse();
        }
        number = -1;
        // More than all years is all years.
        period.months = std::min(period.months, kMostMonths + 1);
        period.days = std::min(period.days, kMostDays + 1);
        period.time = std::min<std::chrono::microseconds>(period.time, kMostTime + hours{1});
    }
    if (number >= 0 || period == KeepPeriod{}) refuse();
    return period;
}

std::vector<RetentionDecision> DecideRetention(const std::vector<RetentionCopy>& copies,
                                               const std::map<std::string, RetentionGroup>& groups,
                                               Instant now) {
    return Retention(copies, groups, now).Decide();
}

} // namespace lifeboat
