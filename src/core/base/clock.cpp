#include "core/base/clock.h"

#include <algorithm>
#include <cstdio>

namespace lifeboat {
namespace {

struct Fields {
    int year;
    unsigned month;
    unsigned day;
    int hour;
    int minute;
    int second;
    int micros;
};

Fields Split(Instant when) {
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(when - day);
    return {static_cast<int>(date.year()),
            static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day()),
            static_cast<int>(time.hours().count()),
            static_cast<int>(time.minutes().count()),
            static_cast<int>(time.seconds().count()),
            static_cast<int>(time.subseconds().count())};
}

// Exactly these digits as a number.
std::optional<int> Digits(std::string_view text, size_t at, size_t count) {
    int value = 0;
    for (const char c : text.substr(at, count)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

} // namespace

Instant Now() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string CompactUtc(Instant when) {
    const Fields f = Split(when);
    char text[64];
    std::snprintf(text, sizeof text, "%04d%02u%02uT%02d%02d%02dZ", f.year, f.month, f.day, f.hour,
                  f.minute, f.second);
    return text;
}

std::string Rfc3339(Instant when) {
    const Fields f = Split(when);
    char text[80];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", f.year, f.month, f.day,
                  f.hour, f.minute, f.second, f.micros);
    return text;
}

std::optional<Instant> ParseRfc3339(std::string_view text) {
    constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd.ddddddZ";
    if (text.size() != kShape.size()) return std::nullopt;
    for (size_t i = 0; i < kShape.size(); ++i) {
        if (kShape[i] != 'd' && text[i] != kShape[i]) return std::nullopt;
    }
    const auto year = Digits(text, 0, 4);
    const auto month = Digits(text, 5, 2);
    const auto day = Digits(text, 8, 2);
    const auto hour = Digits(text, 11, 2);
    const auto minute = Digits(text, 14, 2);
    const auto second = Digits(text, 17, 2);
    const auto micros = Digits(text, 20, 6);
    if (!year || !month || !day || !hour || !minute || !second || !micros) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second) + std::chrono::microseconds(*micros);
}

std::optional<Instant> ParseUtc(std::string_view text) {
    constexpr size_t kDigits = 6;
    if (!text.ends_with('Z')) return std::nullopt;
    text.remove_suffix(1);
    const size_t point = std::min(text.find('.'), text.size());
    std::string fraction(text.substr(std::min(point + 1, text.size())));
    fraction.resize(kDigits, '0');
    return ParseRfc3339(std::string(text.substr(0, point)) + "." + fraction + "Z");
}

} // namespace lifeboat
