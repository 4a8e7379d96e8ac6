// One field of a cron expression: "*/15", "1,5-10/2", "fri-sun", "$".
#pragma once

#include <bitset>
#include <string>
#include <string_view>

namespace lifeboat {

struct CronFieldKind {
    std::string_view name; // "Day of month", as messages begin
    int low;
    int high;
    std::string_view
        names;           // "janfebmar": three letters each, the first one means `low`; else empty
    bool takes_last_day; // '$'
};

inline constexpr CronFieldKind kCronFields[] = {
    {"Minute", 0, 59, "", false},
    {"Hour", 0, 23, "", false},
    {"Day of month", 1, 31, "", true},
    {"Month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec", false},
    {"Day of week", 0, 7, "sunmontuewedthufrisat", false},
};

inline constexpr std::string_view kCronFieldsHint =
    "The fields are minute (0-59), hour (0-23), day of month (1-31 or $), month (1-12 or jan-dec) "
    "and day of week "
    "(0-7 or sun-sat).";

struct CronField {
    std::bitset<60> values; // day of week: 0 to 7, Sunday being 0, 7 or both
    bool star = false;      // begins with '*'
    bool last_day = false;
};

// Throws Error(InvalidValue); `expression` is for its message.
CronField ParseCronField(const CronFieldKind& kind, std::string_view field,
                         std::string_view expression);

// The one form of every refusal.
[[noreturn]] void RefuseCron(std::string_view expression, std::string detail,
                             std::string_view hint = kCronFieldsHint);

} // namespace lifeboat
