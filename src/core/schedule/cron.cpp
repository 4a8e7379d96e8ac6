#include "core/schedule/cron.h"

#include <algorithm>
#include <string>

#include "core/base/bytes.h"
#include "core/schedule/cron_field.h"

namespace lifeboat {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr size_t kLongest = 999;
constexpr int kLongestInterval = 59;
constexpr std::string_view kMacrosHint =
    "Use @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually, or five fields such "
    "as \"30 2 * * *\".";

struct Macro {
    std::string_view name;
    std::string_view fields;
};
constexpr Macro kMacros[] = {
    {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
};

std::vector<std::string_view> Split(std::string_view text) {
    std::vector<std::string_view> words;
    for (size_t pos = text.find_first_not_of(kBlanks); pos < text.size();) {
        const size_t end = std::min(text.find_first_of(kBlanks, pos), text.size());
        words.push_back(text.substr(pos, end - pos));
        pos = text.find_first_not_of(kBlanks, end);
    }
    return words;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool IsAlpha(char c) { return Lower(c) >= 'a' && Lower(c) <= 'z'; }

std::string Lowered(std::string_view text) {
    std::string lowered(text);
    std::ranges::transform(lowered, lowered.begin(), Lower);
    return lowered;
}

std::string Quoted(std::string_view text) { return "\"" + Printable(text) + "\""; }

struct Interval {
    std::string_view digits;
    std::string unit; // lower-case
};

// "30 seconds", "+30Seconds": a number and a word, in one or two parts.
std::optional<Interval> SplitInterval(const std::vector<std::string_view>& words) {
    if (words.empty() || words.size() > 2) return std::nullopt;
    std::string_view digits = words[0];
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto end =
        static_cast<size_t>(std::ranges::find_if_not(digits, IsDigit) - digits.begin());
    const std::string_view unit = words.size() == 2 ? words[1] : digits.substr(end);
    if (words.size() == 2 && end != digits.size()) return std::nullopt;
    if (end == 0 || unit.empty() || !std::ranges::all_of(unit, IsAlpha)) return std::nullopt;
    return Interval{digits.substr(0, end), Lowered(unit)};
}

int SmallNumber(std::string_view digits) {
    const size_t leading = std::min(digits.find_first_not_of('0'), digits.size() - 1);
    const std::string_view significant = digits.substr(leading);
    return significant.size() > 4 ? 99'999 : std::stoi(std::string(significant));
}

std::string IntervalHint(std::string_view unit, int number) {
    const std::string n = std::to_string(number);
    if (unit.starts_with("min") && number >= 1 && number <= 59)
        return "Write \"*/" + n + " * * * *\" for minutes.";
    if (unit.starts_with("hour") && number >= 1 && number <= 23)
        return "Write \"0 */" + n + " * * *\" for hours.";
    return "Intervals are 1 to 59 seconds; for longer ones use five fields, for example \"*/5 * * "
           "* *\".";
}

// What the field before it allowed: "30" of 2, "31" of 2,4-6.
constexpr int LongestMonth(int month) {
    if (month == 2) return 29;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

} // namespace

Cron Cron::Parse(std::string_view text) {
    if (text.size() > kLongest) {
        RefuseCron(text.substr(0, 40), "It has " + std::to_string(text.size()) + " bytes, " +
                                           std::to_string(kLongest) + " are allowed.");
    }
    Cron cron;
    cron.text_ = text;
    const auto words = Split(text);
    if (words.empty()) RefuseCron(text, "It is empty.");
    if (words[0].starts_with('@')) {
        const auto macro = std::ranges::find(kMacros, Lowered(words[0]), &Macro::name);
        if (Lowered(words[0]) == "@reboot" || Lowered(words[0]) == "@restart") {
            RefuseCron(
                text,
                Quoted(words[0]) + " names no time: a backup is not taken because a server starts.",
                kMacrosHint);
        }
        if (macro == std::end(kMacros))
            RefuseCron(text, Quoted(words[0]) + " is not known.", kMacrosHint);
        if (words.size() > 1) {
            RefuseCron(text, "Unexpected " + Quoted(words[1]) + " after " + Quoted(words[0]) + ".",
                       kMacrosHint);
        }
        cron.ParseFields(Split(macro->fields));
    } else if (SplitInterval(words)) {
        cron.ParseInterval(text);
    } else {
        cron.ParseFields(words);
    }
    return cron;
}

void Cron::ParseInterval(std::string_view text) {
    const Interval interval = *SplitInterval(Split(text));
    const int number = SmallNumber(interval.digits);
    if (interval.unit != "second" && interval.unit != "seconds") {
        RefuseCron(text, "Interval unit " + Quoted(interval.unit) + " is not \"seconds\".",
                   IntervalHint(interval.unit, number));
    }
    if (number < 1 || number > kLongestInterval) {
        RefuseCron(text,
                   "Interval " + Printable(interval.digits, 40) + " seconds is out of range 1 to " +
                       std::to_string(kLongestInterval) + ".",
                   IntervalHint(interval.unit, number));
    }
    interval_seconds_ = number;
}

void Cron::ParseFields(const std::vector<std::string_view>& fields) {
    constexpr size_t kCount = std::size(kCronFields);
    if (fields.size() < kCount) {
        RefuseCron(text_, "It has " + std::to_string(fields.size()) +
                              (fields.size() == 1 ? " field" : " fields") + ", 5 are needed.");
    }
    if (fields.size() > kCount) {
        RefuseCron(text_, "Unexpected " + Quoted(fields[kCount]) + " after the fifth field.",
                   "There are no fields for seconds or years. " + std::string(kCronFieldsHint));
    }
    CronField parsed[kCount];
    for (size_t i = 0; i < kCount; ++i)
        parsed[i] = ParseCronField(kCronFields[i], fields[i], text_);
    auto copy = [](const CronField& from, auto& to) {
        for (size_t i = 0; i < to.size(); ++i) to[i] = from.values[i];
    };
    copy(parsed[0], minutes_);
    copy(parsed[1], hours_);
    copy(parsed[2], days_);
    copy(parsed[3], months_);
    copy(parsed[4], weekdays_);
    if (parsed[4].values[7]) weekdays_.set(0);
    last_day_ = parsed[2].last_day;
    day_star_ = parsed[2].star;
    weekday_star_ = parsed[4].star;
    wild_time_ = parsed[0].star || parsed[1].star;
    RefuseWhatNeverFires(fields);
}

// Every date that exists falls on every weekday sooner or later, so only a day of month that no
// chosen month has can keep an expression from ever firing, and only where the weekday cannot stand
// in for it.
void Cron::RefuseWhatNeverFires(const std::vector<std::string_view>& fields) const {
    if (last_day_ || !weekday_star_) return;
    for (int month = 1; month <= 12; ++month) {
        if (!months_[static_cast<size_t>(month)]) continue;
        for (int day = 1; day <= LongestMonth(month); ++day) {
            if (days_[static_cast<size_t>(day)]) return;
        }
    }
    RefuseCron(text_,
               "It could never fire: day of month " + Quoted(fields[2]) +
                   " does not exist in month " + Quoted(fields[3]) + ".",
               "Write $ as day of month for the last day of each month.");
}

} // namespace lifeboat
