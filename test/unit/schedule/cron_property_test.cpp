// Random expressions against an oracle that walks minute by minute and knows only what the clock
// shows.
#include <gtest/gtest.h>

#include <iostream>
#include <random>
#include <set>

#include "core/schedule/cron.h"
#include "times.h"

namespace lifeboat {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using test::At;
using test::Stamp;

using Random = std::mt19937_64;

int Pick(Random& random, int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
}

// A random field, written down and, beside that, what it means.
struct Field {
    std::string text;
    std::set<int> values;
    bool last_day = false;
    bool star() const { return text.starts_with('*'); }
};

void AddItem(Random& random, int low, int high, Field& field) {
    int first = Pick(random, low, high);
    int last = first;
    int step = 1;
    std::string text = std::to_string(first);
    switch (Pick(random, 0, 4)) {
    case 0: // everything
        first = low;
        last = high;
        text = "*";
        break;
    case 1: // a range
        last = Pick(random, first, high);
        text += '-' + std::to_string(last);
        break;
    case 2: // to the end
        last = high;
        step = Pick(random, 1, high);
        text += '/' + std::to_string(step);
        break;
    default: break;
    }
    if (!text.ends_with('/' + std::to_string(step)) && last > first && Pick(random, 0, 1) == 0) {
        step = Pick(random, 1, high);
        text += '/' + std::to_string(step);
    }
    for (int value = first; value <= last; value += step) field.values.insert(value);
    field.text += (field.text.empty() ? "" : ",") + text;
}

Field RandomField(Random& random, int low, int high, int star_percent) {
    Field field;
    if (Pick(random, 1, 100) <= star_percent) {
        field.text = "*";
        for (int value = low; value <= high; ++value) field.values.insert(value);
        return field;
    }
    for (int items = Pick(random, 1, 3); items > 0; --items) AddItem(random, low, high, field);
    return field;
}

struct Expression {
    Field minute, hour, day, month, weekday;

    explicit Expression(Random& random)
        : minute(RandomField(random, 0, 59, 15)),
          hour(RandomField(random, 0, 23, 30)),
          day(RandomField(random, 1, 31, 60)),
          month(RandomField(random, 1, 12, 70)),
          weekday(RandomField(random, 0, 7, 60)) {
        if (Pick(random, 0, 9) == 0) {
            day.text += ",$";
            day.last_day = true;
        }
        if (weekday.values.contains(7)) weekday.values.insert(0);
        if (Pick(random, 0, 1) == 0) { // at night, where clocks change
            const int at = Pick(random, 0, 4);
            hour = {std::to_string(at), {at}};
        }
    }
    std::string Text() const {
        return minute.text + ' ' + hour.text + ' ' + day.text + ' ' + month.text + ' ' +
               weekday.text;
    }
    bool fixed() const { return !minute.star() && !hour.star(); }
    bool Matches(const LocalMinute& at) const {
        using namespace std::chrono;
        const year_month_day date{year{at.year},
                                  std::chrono::month(static_cast<unsigned>(at.month)),
                                  std::chrono::day(static_cast<unsigned>(at.day))};
        const bool is_last = year_month_day{sys_days{date} + days{1}}.day() == std::chrono::day{1};
        const bool by_day = day.values.contains(at.day) || (day.last_day && is_last);
        const bool by_weekday = weekday.values.contains(
            static_cast<int>(std::chrono::weekday{sys_days{date}}.c_encoding()));
        return minute.values.contains(at.minute) && hour.values.contains(at.hour) &&
               month.values.contains(at.month) &&
               (day.star() || weekday.star() ? by_day && by_weekday : by_day || by_weekday);
    }
};

LocalMinute OneLater(LocalMinute at) {
    if (++at.minute < 60) return at;
    at.minute = 0;
    if (++at.hour < 24) return at;
    at.hour = 0;
    const std::chrono::sys_days date{std::chrono::year{at.year} / at.month / at.day};
    const std::chrono::year_month_day next{date + std::chrono::days{1}};
    at.year = static_cast<int>(next.year());
    at.month = static_cast<int>(static_cast<unsigned>(next.month()));
    at.day = static_cast<int>(static_cast<unsigned>(next.day()));
    return at;
}

struct Activation {
    Instant at;
    bool shifted;
    bool operator==(const Activation&) const = default;
};

// All runs in (from, to], by watching the clock. A wildcard time runs whenever the clock shows it.
// A fixed time runs when the clock shows it for the first time, or jumps over it; a jump makes one
// run.
std::vector<Activation> Oracle(const Expression& expression, const Zone& zone, Instant from,
                               Instant to) {
    std::vector<Activation> runs;
    Instant at = std::chrono::floor<minutes>(from) - hours{30};
    LocalMinute highest = zone.ToLocal(at);
    for (at += minutes{1}; at <= to; at += minutes{1}) {
        const LocalMinute shown = zone.ToLocal(at);
        bool regular = false;
        bool shifted = false;
        if (!expression.fixed()) {
            regular = expression.Matches(shown);
        } else {
            while (highest < shown) {
                highest = OneLater(highest);
                if (expression.Matches(highest)) (highest == shown ? regular : shifted) = true;
            }
        }
        if (at > from && (regular || shifted)) runs.push_back({at, !regular});
    }
    return runs;
}

constexpr const char* kZones[] = {"Europe/Berlin",    "America/New_York",  "Australia/Lord_Howe",
                                  "America/Santiago", "Pacific/Chatham",   "America/St_Johns",
                                  "Europe/Dublin",    "Africa/Casablanca", "Asia/Beirut",
                                  "Antarctica/Troll", "Asia/Kolkata",      "UTC",
                                  "America/Asuncion", "Australia/Adelaide"};

// Some days before a change of the clock, where there is one.
Instant RandomStart(Random& random, const Zone& zone) {
    Instant start = At("2021-01-01T00:00:00Z") + minutes{Pick(random, 0, 30 * 525'600)};
    const Instant change = zone.SpanAt(start).end;
    if (Pick(random, 0, 3) > 0 && change < At("2060-01-01T00:00:00Z")) {
        start = change - minutes{Pick(random, 0, 3 * 1440)};
    }
    return start + std::chrono::seconds{Pick(random, 0, 2) == 0 ? Pick(random, 0, 59) : 0};
}

TEST(CronProperty, AgreesWithWatchingTheClock) {
    const auto seed = test::Seed();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    size_t compared = 0;
    size_t shifted = 0;
    for (int round = 0; round < 600; ++round) {
        const Expression expression(random);
        const Zone zone = Zone::Find(kZones[Pick(random, 0, std::size(kZones) - 1)]);
        const Instant start = RandomStart(random, zone);
        const Instant end = start + hours{24 * 7};
        SCOPED_TRACE("\"" + expression.Text() + "\" in " + zone.name() + " from " +
                     Stamp(zone, start));
        std::vector<Activation> found;
        try {
            const Cron cron = Cron::Parse(expression.Text());
            for (auto fire = cron.Next(zone, start); fire.at <= end;
                 fire = cron.Next(zone, fire.at)) {
                found.push_back({fire.at, !fire.note.empty()});
            }
            const auto last = cron.Last(zone, start, end);
            ASSERT_EQ(last ? last->at : start, found.empty() ? start : found.back().at);
        } catch (const Error& error) {
            ASSERT_TRUE(error.detail().starts_with("It could never fire:")) << error.detail();
        }
        const std::vector<Activation> expected = Oracle(expression, zone, start, end);
        ASSERT_EQ(found.size(), expected.size());
        for (size_t i = 0; i < found.size(); ++i) {
            ASSERT_EQ(found[i], expected[i])
                << Stamp(zone, found[i].at) << " and " << Stamp(zone, expected[i].at);
            if (expected[i].shifted) ++shifted;
        }
        compared += expected.size();
    }
    EXPECT_GT(compared, 1000U);
    EXPECT_GT(shifted, 0U);
    std::cout << compared << " runs compared, " << shifted << " of them shifted\n";
}

} // namespace
} // namespace lifeboat
