#include "core/copytext/datetime.h"

#include <array>
#include <chrono>
#include <limits>

#include "unit/copytext/formatted.h"

namespace lifeboat {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kHour = 3600 * kSecond;
constexpr int64_t kDay = 24 * kHour;
constexpr int32_t kMinInt = std::numeric_limits<int32_t>::min();
constexpr int32_t kMaxInt = std::numeric_limits<int32_t>::max();
constexpr int64_t kMinLong = std::numeric_limits<int64_t>::min();
constexpr int64_t kMaxLong = std::numeric_limits<int64_t>::max();

TEST(DateTime, Dates) {
    const std::pair<int32_t, std::string_view> cases[] = {
        {0, "2000-01-01"},
        {-1, "1999-12-31"},
        {59, "2000-02-29"},
        {60, "2000-03-01"},
        {-36466, "1900-02-28"},
        {-36465, "1900-03-01"},
        {-730'119, "0001-01-01"},
        {-730'120, "0001-12-31 BC"},
        {-2'451'545, "4714-11-24 BC"},
        {-2'451'507, "4713-01-01 BC"},
        {-2'451'546, kLeft},
        {2'921'939, "9999-12-31"},
        {2'921'940, "10000-01-01"},
        {2'145'031'948, "5874897-12-31"},
        {2'145'031'949, kLeft},
        {kMaxInt - 1, kLeft},
        {kMinInt + 1, kLeft},
        {kMaxInt, "infinity"},
        {kMinInt, "-infinity"},
    };
    for (const auto& [days, text] : cases) EXPECT_EQ(Formatted(FormatDate, days), text) << days;
}

TEST(DateTime, DatesAsTheStandardLibraryCounts) {
    using std::chrono::days;
    const TypeFormat type;
    TextCollector out;
    const std::chrono::sys_days epoch = std::chrono::year(2000) / 1 / 1;
    for (int32_t day = -2'451'545; day < 11'000'000; day += 61) {
        const std::chrono::year_month_day date(epoch + days(day));
        const int year = static_cast<int>(date.year());
        std::array<char, 32> text{};
        std::snprintf(text.data(), text.size(), "%04d-%02u-%02u%s", year > 0 ? year : 1 - year,
                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                      year > 0 ? "" : " BC");
        out.Clear();
        ASSERT_TRUE(FormatDate(type, reinterpret_cast<const char*>(&day), sizeof(day), out));
        ASSERT_EQ(out.text(), text.data());
        const int64_t moment = day * kDay + 5 * kHour + 7 * kSecond;
        const std::string_view era = year > 0 ? "" : " BC";
        out.Clear();
        ASSERT_TRUE(
            FormatTimestamp(type, reinterpret_cast<const char*>(&moment), sizeof(moment), out));
        const std::string_view days_text(text.data());
        ASSERT_EQ(out.text(), std::string(days_text.substr(0, days_text.size() - era.size())) +
                                  " 05:00:07" + std::string(era));
    }
}

TEST(DateTime, Timestamps) {
    const std::pair<int64_t, std::string> cases[] = {
        {0, "2000-01-01 00:00:00"},
        {1, "2000-01-01 00:00:00.000001"},
        {-1, "1999-12-31 23:59:59.999999"},
        {100'000, "2000-01-01 00:00:00.1"},
        {123'400, "2000-01-01 00:00:00.1234"},
        {10, "2000-01-01 00:00:00.00001"},
        {-211'813'488'000'000'000, "4714-11-24 00:00:00 BC"},
        {-211'810'204'800'000'000, "4713-01-01 00:00:00 BC"},
        {-211'813'488'000'000'001, std::string(kLeft)},
        {-63'082'281'600'000'000, "0001-01-01 00:00:00"},
        {-63'082'281'600'000'001, "0001-12-31 23:59:59.999999 BC"},
        {9'223'371'331'199'999'999, "294276-12-31 23:59:59.999999"},
        {9'223'371'331'200'000'000, std::string(kLeft)},
        {kMaxLong - 1, std::string(kLeft)},
        {kMinLong + 1, std::string(kLeft)},
        {kMaxLong, "infinity"},
        {kMinLong, "-infinity"},
    };
    for (const auto& [usecs, text] : cases) {
        EXPECT_EQ(Formatted(FormatTimestamp, usecs), text);
        std::string with_zone = text;
        if (text != kLeft && !text.ends_with("infinity"))
            with_zone.insert(text.ends_with(" BC") ? text.size() - 3 : text.size(), "+00");
        EXPECT_EQ(Formatted(FormatTimestampTz, usecs), with_zone);
    }
}

TEST(DateTime, Times) {
    EXPECT_EQ(Formatted(FormatTime, int64_t{0}), "00:00:00");
    EXPECT_EQ(Formatted(FormatTime, kDay), "24:00:00");
    EXPECT_EQ(Formatted(FormatTime, kDay - 1), "23:59:59.999999");
    EXPECT_EQ(Formatted(FormatTime, 13 * kHour + 500'000), "13:00:00.5");
    EXPECT_EQ(Formatted(FormatTime, kDay + 1), kLeft);
    EXPECT_EQ(Formatted(FormatTime, int64_t{-1}), kLeft);
}

TEST(DateTime, TimesWithAZone) {
    const std::pair<int32_t, std::string_view> cases[] = {
        {0, "12:00:00+00"},
        {-3600, "12:00:00+01"},
        {3600, "12:00:00-01"},
        {-19'800, "12:00:00+05:30"},
        {12'600, "12:00:00-03:30"},
        {-57'599, "12:00:00+15:59:59"},
        {57'599, "12:00:00-15:59:59"},
        {-1, "12:00:00+00:00:01"},
        {-3601, "12:00:00+01:00:01"},
        {-60, "12:00:00+00:01"},
        {57'600, kLeft},
        {-57'600, kLeft},
        {kMinInt, kLeft},
    };
    for (const auto& [west, text] : cases)
        EXPECT_EQ(Formatted(FormatTimeTz, 12 * kHour, west), text);
    EXPECT_EQ(Formatted(FormatTimeTz, kDay, int32_t{0}), "24:00:00+00");
    EXPECT_EQ(Formatted(FormatTimeTz, kDay + 1, int32_t{0}), kLeft);
}

TEST(DateTime, Intervals) {
    struct Case {
        int64_t usecs;
        int32_t days;
        int32_t months;
        std::string_view text;
    };
    const Case cases[] = {
        {0, 0, 0, "00:00:00"},
        {1, 0, 0, "00:00:00.000001"},
        {-1, 0, 0, "-00:00:00.000001"},
        {-kHour, 0, 0, "-01:00:00"},
        {100 * kHour, 0, 0, "100:00:00"},
        {0, 1, 0, "1 day"},
        {0, -1, 0, "-1 days"},
        {0, 2, 0, "2 days"},
        {0, 0, 1, "1 mon"},
        {0, 0, -1, "-1 mons"},
        {0, 0, 12, "1 year"},
        {0, 0, -12, "-1 years"},
        {0, 0, 14, "1 year 2 mons"},
        {0, 0, -14, "-1 years -2 mons"},
        {kHour, 3, 14, "1 year 2 mons 3 days 01:00:00"},
        {kHour, -3, 14, "1 year 2 mons -3 days +01:00:00"},
        {kHour, 3, -14, "-1 years -2 mons +3 days 01:00:00"},
        {-kHour, -3, -14, "-1 years -2 mons -3 days -01:00:00"},
        {-kHour, 3, 0, "3 days -01:00:00"},
        {kHour, 0, -1, "-1 mons +01:00:00"},
        {500'000, 0, 1, "1 mon 00:00:00.5"},
        {kMinLong, 0, 0, "-2562047788:00:54.775808"},
        {kMaxLong, 0, 0, "2562047788:00:54.775807"},
        {kMinLong, kMinInt, kMinInt + 1,
         "-178956970 years -7 mons -2147483648 days -2562047788:00:54.775808"},
        {kMaxLong, kMaxInt, kMaxInt - 1,
         "178956970 years 6 mons 2147483647 days 2562047788:00:54.775807"},
        {kMaxLong, kMaxInt, kMinInt,
         "-178956970 years -8 mons +2147483647 days 2562047788:00:54.775807"},
        {kMinLong, kMinInt, kMinInt, kLeft},
        {kMaxLong, kMaxInt, kMaxInt, kLeft},
    };
    for (const auto& [usecs, days, months, text] : cases)
        EXPECT_EQ(Formatted(FormatInterval, usecs, days, months), text);
}

} // namespace
} // namespace lifeboat
