// When a cron expression fires next.
//
// Two readings of daylight saving. A fixed time ("30 2 * * *") is an appointment: every matching
// wall-clock minute happens exactly once, at the first instant when the clock shows it or has
// passed it. A wild time ("*/15 * * * *") follows the clock: it happens whenever the clock shows a
// matching minute, so twice or not at all where the clock says so.
#include <cstdio>

#include "core/base/error.h"
#include "core/schedule/cron.h"

namespace lifeboat {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::minutes;
using std::chrono::months;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr int kLatestYear = 9800;
// 29 February falls on a given weekday after 40 years at most (from 2088 over 2100 to 2128); this
// is twice that and more.
constexpr days kHorizon{36525}; // 100 years

std::string TimeText(const LocalMinute& at) {
    char text[16];
    std::snprintf(text, sizeof text, "%02d:%02d", at.hour, at.minute);
    return text;
}

std::string DateText(const LocalMinute& at) {
    char text[48];
    std::snprintf(text, sizeof text, "%04d-%02d-%02d", at.year, at.month, at.day);
    return text;
}

std::string ShiftNote(const LocalMinute& skipped, const LocalMinute& run) {
    std::string note = TimeText(skipped) + " does not exist on " + DateText(skipped) +
                       ", runs at " + TimeText(run);
    if (DateText(run) != DateText(skipped)) note += " on " + DateText(run);
    return note;
}

// The smallest value of the set that is at least `from`; the set's size when there is none.
template <size_t N>
size_t FirstFrom(const std::bitset<N>& set, size_t from) {
    while (from < N && !set[from]) ++from;
    return from;
}

} // namespace

bool Cron::MatchesDay(year_month_day day) const {
    const auto number = static_cast<unsigned>(day.day());
    const bool by_day =
        days_[number] ||
        (last_day_ &&
         day.day() ==
             std::chrono::year_month_day_last{day.year(), day.month() / std::chrono::last}.day());
    const bool by_weekday = weekdays_[std::chrono::weekday{local_days{day}}.c_encoding()];
    return day_star_ || weekday_star_ ? by_day && by_weekday : by_day || by_weekday;
}

bool Cron::Matches(Wall wall) const { return NextWall(wall, wall) == wall; }

std::optional<Wall> Cron::NextWall(Wall from, Wall horizon) const {
    auto date = std::chrono::floor<days>(from);
    size_t start = static_cast<size_t>((from - date).count());
    while (date <= horizon) {
        const year_month_day day{date};
        if (!months_[static_cast<unsigned>(day.month())]) {
            date = local_days{year_month_day{day.year(), day.month(), std::chrono::day{1}} +
                              months{1}};
            start = 0;
            continue;
        }
        if (MatchesDay(day)) {
            size_t hour = FirstFrom(hours_, start / 60);
            size_t minute = FirstFrom(minutes_, hour == start / 60 ? start % 60 : 0);
            if (minute == minutes_.size()) {
                hour = FirstFrom(hours_, hour + 1);
                minute = FirstFrom(minutes_, 0);
            }
            if (hour < hours_.size()) return date + hours{hour} + minutes{minute};
        }
        date += days{1};
        start = 0;
    }
    return std::nullopt;
}

std::optional<Cron::Fire> Cron::NextFixed(const Zone& zone, Instant after, Wall horizon) const {
    // Wall times up to the one shown at `after` have happened by then, the clock's going back
    // included.
    Wall from = ToWall(zone.ToLocal(after)) + minutes{1};
    while (const auto wall = NextWall(from, horizon)) {
        const LocalMinute local = FromWall(*wall);
        const Zone::Mapping mapping = zone.ToInstant(local);
        if (mapping.first <= after) {
            from = *wall + minutes{1};
            continue;
        }
        if (mapping.kind != Zone::Kind::kGap) return Fire{mapping.first, {}};
        const LocalMinute shown = zone.ToLocal(mapping.first);
        const bool regular = Matches(ToWall(shown)) && zone.ToInstant(shown).first == mapping.first;
        return Fire{mapping.first, regular ? std::string{} : ShiftNote(local, shown)};
    }
    return std::nullopt;
}

std::optional<Cron::Fire> Cron::NextWild(const Zone& zone, Instant after, Wall horizon) const {
    Instant from = after + std::chrono::microseconds{1};
    while (true) {
        const Zone::Span span = zone.SpanAt(from);
        const auto shown =
            std::chrono::local_time<Instant::duration>{(from + span.offset).time_since_epoch()};
        const auto wall = NextWall(std::chrono::ceil<minutes>(shown), horizon);
        if (!wall) return std::nullopt;
        const Instant at = Instant{wall->time_since_epoch()} - span.offset;
        if (at < span.end) return Fire{at, {}};
        from = span.end;
    }
}

Cron::Fire Cron::Next(const Zone& zone, Instant after) const {
    if (after < sys_days{year{1} / 1 / 1} || after >= sys_days{year{kLatestYear} / 1 / 1}) {
        throw Error(Errc::InvalidValue, "time to look for runs after is out of range",
                    "It must lie in the years 1 to " + std::to_string(kLatestYear - 1) + ".");
    }
    if (is_interval()) return {after + interval(), {}};
    const Wall horizon = ToWall(zone.ToLocal(after)) + kHorizon;
    const auto fire = wild_time_ ? NextWild(zone, after, horizon) : NextFixed(zone, after, horizon);
    if (!fire) {
        throw Error(
            Errc::InvalidValue,
            "cron expression \"" + text_ + "\" does not fire in time zone \"" + zone.name() + "\"",
            "All its times of the next 100 years are skipped when clocks are put forward.",
            "Name the minute and hour without *, so that skipped times run at the first moment "
            "after.");
    }
    return *fire;
}

std::vector<Cron::Fire> Cron::NextRuns(const Zone& zone, Instant after, int count) const {
    if (count < 0 || count > kMostRuns) {
        throw Error(Errc::InvalidValue, "count " + std::to_string(count) +
                                            " is out of range 0 to " + std::to_string(kMostRuns));
    }
    std::vector<Fire> runs;
    runs.reserve(static_cast<size_t>(count));
    while (runs.size() < static_cast<size_t>(count)) {
        runs.push_back(Next(zone, after));
        after = runs.back().at;
    }
    return runs;
}

std::optional<Cron::Fire> Cron::Last(const Zone& zone, Instant after, Instant until) const {
    Fire best = Next(zone, after);
    if (best.at > until) return std::nullopt;
    // Bisection: looking from before the last one finds one that is not too late, looking from it
    // or later finds none.
    Instant found = best.at;
    Instant beyond = until;
    while (found < beyond) {
        const Instant middle = found + (beyond - found) / 2;
        Fire fire = Next(zone, middle);
        if (fire.at > until) {
            beyond = middle;
        } else {
            found = fire.at;
            best = std::move(fire);
        }
    }
    return best;
}

} // namespace lifeboat
