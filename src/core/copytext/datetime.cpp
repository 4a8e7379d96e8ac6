#include "core/copytext/datetime.h"

#include <limits>

#include "core/copytext/digits.h"

namespace lifeboat {
namespace {

constexpr uint32_t kUsecsPerSecond = 1'000'000;
constexpr int64_t kUsecsPerDay = int64_t{86'400} * kUsecsPerSecond;

// Days are counted from 4714-11-24 BC, the first that PostgreSQL has (Julian day 0); it stores them
// relative to 2000-01-01.
constexpr int64_t kDaysTo2000 = 2'451'545;
constexpr int64_t kDateEnd = 2'147'483'494;    // 5874898-01-01
constexpr int64_t kTimestampEnd = 109'203'528; // 294277-01-01

// "-4714-11-24 24:00:00.123456+15:59:59 BC" and the words stored beyond the end
constexpr size_t kDateTimeRoom = 64;

struct Date {
    uint32_t year; // counted from 4801 BC
    uint32_t month;
    uint32_t day;
};

constexpr uint32_t kYearsBefore1AD = 4801; // 1 BC is the year 4800

// What a timestamp is made of is inlined: calls would cost a third of the time.

// Neri and Schneider, "Euclidean affine functions and their application to calendar algorithms":
// years that begin in March, quotients by multiplication.
[[gnu::always_inline]] inline Date DateOfDay(uint32_t julian_day) noexcept {
    constexpr uint32_t kDaysBefore = 32'044; // from 4801-03-01 BC to Julian day 0
    const uint64_t quarters = 4 * (uint64_t{julian_day} + kDaysBefore) + 3;
    const auto century = static_cast<uint32_t>(quarters / 146'097);
    const auto day_of_century = static_cast<uint32_t>(quarters % 146'097) | 3;
    const uint64_t years = uint64_t{2'939'745} * day_of_century;
    const auto year_of_century = static_cast<uint32_t>(years >> 32);
    const auto day_of_year = static_cast<uint32_t>(years) / 2'939'745 / 4;
    const uint32_t months = 2'141 * day_of_year + 197'913;
    const uint32_t next_year = day_of_year >= 306 ? 1 : 0;
    return {100 * century + year_of_century + next_year, (months >> 16) - 12 * next_year,
            (months & 0xFFFF) / 2'141 + 1};
}

// year-mm-dd; the year of at least four digits.
[[gnu::always_inline]] inline char* WriteDate(const Date& date, char* out) noexcept {
    const uint32_t year = date.year >= kYearsBefore1AD ? date.year - kYearsBefore1AD + 1
                                                       : kYearsBefore1AD - date.year;
    out = year < 10'000 ? WriteTwoDigits(year % 100, WriteTwoDigits(year / 100, out))
                        : WriteUpToEightDigits(year, out);
    *out++ = '-';
    out = WriteTwoDigits(date.month, out);
    *out++ = '-';
    return WriteTwoDigits(date.day, out);
}

char* WriteEra(const Date& date, char* out) noexcept {
    if (date.year >= kYearsBefore1AD) return out;
    std::memcpy(out, " BC", 3);
    return out + 3;
}

// :mm:ss.ffffff
[[gnu::always_inline]] inline char* WriteMinutes(uint32_t seconds_of_hour, uint32_t usecs,
                                                 char* out) noexcept {
    *out++ = ':';
    out = WriteTwoDigits(seconds_of_hour / 60, out);
    *out++ = ':';
    out = WriteTwoDigits(seconds_of_hour % 60, out);
    return WriteMillionths(usecs, out);
}

// hh:mm:ss.ffffff
[[gnu::always_inline]] inline char* WriteTimeOfDay(uint64_t usecs, char* out) noexcept {
    const auto seconds = static_cast<uint32_t>(usecs / kUsecsPerSecond);
    out = WriteTwoDigits(seconds / 3600, out);
    return WriteMinutes(seconds % 3600, static_cast<uint32_t>(usecs % kUsecsPerSecond), out);
}

// Seconds west of Greenwich as the distance to the east: +hh[:mm[:ss]].
char* WriteZone(int32_t west, char* out) noexcept {
    *out++ = west <= 0 ? '+' : '-';
    const auto seconds = static_cast<uint32_t>(west <= 0 ? -west : west);
    out = WriteTwoDigits(seconds / 3600, out);
    if (seconds % 3600 == 0) return out;
    *out++ = ':';
    out = WriteTwoDigits(seconds / 60 % 60, out);
    if (seconds % 60 == 0) return out;
    *out++ = ':';
    return WriteTwoDigits(seconds % 60, out);
}

template <typename Number>
bool PutInfinity(Number value, TextOut& out) {
    if (value == std::numeric_limits<Number>::max())
        out.PutPlain("infinity");
    else if (value == std::numeric_limits<Number>::min())
        out.PutPlain("-infinity");
    else
        return false;
    return true;
}

enum class Zone { kNone, kUtc };

bool FormatMoment(const char* value, Zone zone, TextOut& out) {
    char* to = out.Reserve(kDateTimeRoom);
    const auto since_2000 = Load<int64_t>(value);
    constexpr uint64_t kUsecsTo2000 = uint64_t{kDaysTo2000} * kUsecsPerDay;
    const uint64_t usecs = static_cast<uint64_t>(since_2000) + kUsecsTo2000;
    if (usecs >= uint64_t{kTimestampEnd} * kUsecsPerDay) return PutInfinity(since_2000, out);
    const Date date = DateOfDay(static_cast<uint32_t>(usecs / kUsecsPerDay));
    to = WriteDate(date, to);
    *to++ = ' ';
    to = WriteTimeOfDay(usecs % kUsecsPerDay, to);
    std::memcpy(to, "+00", 4);
    to += zone == Zone::kUtc ? 3 : 0;
    out.Advance(WriteEra(date, to));
    return true;
}

// One of years, months and days of an interval.
class IntervalFields {
public:
    explicit IntervalFields(char* out) : out_(out) {}

    template <size_t size>
    void Add(int32_t value, const char (&unit)[size]) noexcept {
        if (value == 0) return;
        if (!first_) *out_++ = ' ';
        if (after_negative_ && value > 0) *out_++ = '+';
        out_ = WriteInt32(value, out_);
        std::memcpy(out_, unit, size - 1);
        out_ += size - 1;
        if (value != 1) *out_++ = 's';
        first_ = false;
        after_negative_ = value < 0;
    }

    char* AddTime(int64_t usecs) noexcept {
        if (usecs == 0 && !first_) return out_;
        if (!first_) *out_++ = ' ';
        if (usecs < 0)
            *out_++ = '-';
        else if (after_negative_)
            *out_++ = '+';
        const uint64_t distance =
            usecs < 0 ? 0 - static_cast<uint64_t>(usecs) : static_cast<uint64_t>(usecs);
        const uint64_t seconds = distance / kUsecsPerSecond;
        const uint64_t hours = seconds / 3600;
        out_ = hours < 100 ? WriteTwoDigits(static_cast<uint32_t>(hours), out_)
                           : WriteUint64(hours, out_);
        return WriteMinutes(static_cast<uint32_t>(seconds % 3600),
                            static_cast<uint32_t>(distance % kUsecsPerSecond), out_);
    }

private:
    char* out_;
    bool first_ = true;
    bool after_negative_ = false;
};

} // namespace

bool FormatDate(const TypeFormat&, const char* value, size_t, TextOut& out) {
    const auto since_2000 = Load<int32_t>(value);
    const int64_t day = since_2000 + kDaysTo2000;
    if (day < 0 || day >= kDateEnd) return PutInfinity(since_2000, out);
    const Date date = DateOfDay(static_cast<uint32_t>(day));
    out.Advance(WriteEra(date, WriteDate(date, out.Reserve(kDateTimeRoom))));
    return true;
}

bool FormatTime(const TypeFormat&, const char* value, size_t, TextOut& out) {
    const auto usecs = Load<int64_t>(value);
    if (usecs < 0 || usecs > kUsecsPerDay) return false;
    out.Advance(WriteTimeOfDay(static_cast<uint64_t>(usecs), out.Reserve(kDateTimeRoom)));
    return true;
}

bool FormatTimeTz(const TypeFormat&, const char* value, size_t, TextOut& out) {
    constexpr int32_t kZoneEnd = 16 * 3600;
    const auto usecs = Load<int64_t>(value);
    const auto west = Load<int32_t>(value + sizeof(usecs));
    if (usecs < 0 || usecs > kUsecsPerDay || west <= -kZoneEnd || west >= kZoneEnd) return false;
    char* const to = out.Reserve(kDateTimeRoom);
    out.Advance(WriteZone(west, WriteTimeOfDay(static_cast<uint64_t>(usecs), to)));
    return true;
}

bool FormatTimestamp(const TypeFormat&, const char* value, size_t, TextOut& out) {
    return FormatMoment(value, Zone::kNone, out);
}

bool FormatTimestampTz(const TypeFormat&, const char* value, size_t, TextOut& out) {
    return FormatMoment(value, Zone::kUtc, out);
}

bool FormatInterval(const TypeFormat&, const char* value, size_t, TextOut& out) {
    constexpr int32_t kMonthsPerYear = 12;
    constexpr size_t kIntervalRoom = 160;
    const auto usecs = Load<int64_t>(value);
    const auto days = Load<int32_t>(value + 8);
    const auto months = Load<int32_t>(value + 12);
    const auto is_extreme = [&](auto... part) {
        return ((part == std::numeric_limits<decltype(part)>::min()) && ...) ||
               ((part == std::numeric_limits<decltype(part)>::max()) && ...);
    };
    if (is_extreme(usecs, days, months)) return false;
    IntervalFields fields(out.Reserve(kIntervalRoom));
    fields.Add(months / kMonthsPerYear, " year");
    fields.Add(months % kMonthsPerYear, " mon");
    fields.Add(days, " day");
    out.Advance(fields.AddTime(usecs));
    return true;
}

} // namespace lifeboat
