#include <gtest/gtest.h>

#include "core/schedule/zone.h"
#include "times.h"

namespace lifeboat {
namespace {

using test::At;
using test::Stamp;
using test::Thrown;

TEST(Zone, NamesInAnyCase) {
    EXPECT_EQ(Zone::Find("Europe/Berlin").name(), "Europe/Berlin");
    EXPECT_EQ(Zone::Find("europe/berlin").name(), "Europe/Berlin");
    EXPECT_EQ(Zone::Find("EUROPE/BERLIN").name(), "Europe/Berlin");
    EXPECT_EQ(Zone::Find("america/argentina/buenos_aires").name(),
              "America/Argentina/Buenos_Aires");
}

TEST(Zone, LinksAndOldNames) {
    for (const char* name : {"UTC", "Etc/UTC", "GMT", "Etc/GMT", "Zulu", "Universal", "US/Eastern",
                             "Asia/Calcutta", "Etc/GMT+12", "Etc/GMT-14", "CET", "EST5EDT", "GB"}) {
        EXPECT_EQ(Zone::Find(name).name(), name);
    }
    const Instant when = At("2026-07-01T12:00:00Z");
    EXPECT_EQ(Stamp(Zone::Find("US/Eastern"), when), "2026-07-01T08:00:00-04:00");
    EXPECT_EQ(Stamp(Zone::Find("Etc/GMT-2"), when), "2026-07-01T14:00:00+02:00");
    EXPECT_EQ(Stamp(Zone::Find("utc"), when), "2026-07-01T12:00:00+00:00");
}

struct Refused {
    const char* name;
    const char* detail;
    const char* hint;
};

constexpr char kUseName[] =
    "Use a tzdata name such as Europe/Berlin or UTC; SELECT name FROM "
    "pg_timezone_names lists them.";
constexpr char kOffsetHint[] =
    "Use a tzdata name such as Europe/Berlin or UTC; SELECT name FROM pg_timezone_names lists "
    "them. "
    "For a fixed offset, Etc/GMT-2 is two hours east of Greenwich.";
constexpr char kOffset[] =
    "An offset or a POSIX string is not a time zone's name and does not "
    "follow changes of the law.";
constexpr char kAbbreviation[] =
    "An abbreviation is not a time zone's name: it does not say when clocks change.";
constexpr char kMachine[] = "That is whatever this machine is set to, not a time zone's name.";
constexpr char kUnknown[] = "The time zone database (tzdata) has no such name.";
constexpr char kNotExactly[] = "No time zone has exactly that name.";

TEST(Zone, Refusals) {
    const Refused table[] = {
        {"", "The name is empty.", kUseName},
        {"CEST", kAbbreviation, kUseName},
        {"cest", kAbbreviation, kUseName},
        {"PDT", kAbbreviation, kUseName},
        {"IST", kAbbreviation, kUseName},
        {"+02", kOffset, kOffsetHint},
        {"-5", kOffset, kOffsetHint},
        {"02:00", kOffset, kOffsetHint},
        {"<+02>-02", kOffset, kOffsetHint},
        {"UTC+2", kOffset, kOffsetHint},
        {"GMT+2", kOffset, kOffsetHint},
        {"CET-1CEST", kOffset, kOffsetHint},
        {"CET-1CEST,M3.5.0,M10.5.0/3", kOffset, kOffsetHint},
        {"localtime", kMachine, kUseName},
        {"LocalTime", kMachine, kUseName},
        {"posixrules", kMachine, kUseName},
        {"Berlin", kNotExactly, "Did you mean Europe/Berlin?"},
        {"new york", kNotExactly, "Did you mean America/New_York?"},
        {"America/New York", kNotExactly, "Did you mean America/New_York?"},
        {"Rome", kNotExactly, "Did you mean Europe/Rome?"},
        {"Europe/Bonn", kUnknown, kUseName},
        {"Europe", kUnknown, kUseName},
        {"Europe/", kUnknown, kUseName},
        {" Europe/Berlin", kUnknown, kUseName},
        {"Europe/Berlin ", kUnknown, kUseName},
        {"posix/Europe/Berlin", kUnknown, kUseName},
        {"right/Europe/Berlin", kUnknown, kUseName},
        {"../zoneinfo/Europe/Berlin", kUnknown, kUseName},
        {"/etc/localtime", kUnknown, kUseName},
        {"Factory", kUnknown, kUseName},
        {"tzdata.zi", kUnknown, kUseName},
        {"zone.tab", kUnknown, kUseName},
        {"leapseconds", kUnknown, kUseName},
        {"leap-seconds.list", kUnknown, kUseName},
    };
    for (const Refused& one : table) {
        SCOPED_TRACE(one.name);
        const Error error = Thrown([&] { (void)Zone::Find(one.name); });
        EXPECT_EQ(error.message(), "unknown time zone \"" + std::string(one.name) + "\"");
        EXPECT_EQ(error.detail(), one.detail);
        EXPECT_EQ(error.hint(), one.hint);
        EXPECT_EQ(error.sqlstate(), "22023");
    }
}

TEST(Zone, OddNamesAreQuotedSafely) {
    const Error error = Thrown([] { (void)Zone::Find(std::string_view("Europe\0/Ber\nlin", 15)); });
    EXPECT_EQ(error.message(), "unknown time zone \"Europe\\x00/Ber\\x0alin\"");
    EXPECT_LT(Thrown([] { (void)Zone::Find(std::string(1'000'000, 'x')); }).message().size(), 300U);
}

struct Change {
    const char* zone;
    const char* from; // the last minute before the change, and the first one after it, as shown
    const char* to;
    Zone::Kind kind; // of the minutes between
    LocalMinute between;
    const char* first;
    const char* second;
};

TEST(Zone, ChangesOfTheClock) {
    using enum Zone::Kind;
    const Change table[] = {
        {"Europe/Berlin",
         "2026-03-29T01:59:00+01:00",
         "2026-03-29T03:00:00+02:00",
         kGap,
         {2026, 3, 29, 2, 30},
         "2026-03-29T01:00:00Z",
         "2026-03-29T01:00:00Z"},
        {"Europe/Berlin",
         "2026-10-25T02:59:00+02:00",
         "2026-10-25T02:00:00+01:00",
         kTwice,
         {2026, 10, 25, 2, 30},
         "2026-10-25T00:30:00Z",
         "2026-10-25T01:30:00Z"},
        {"America/New_York",
         "2027-03-14T01:59:00-05:00",
         "2027-03-14T03:00:00-04:00",
         kGap,
         {2027, 3, 14, 2, 0},
         "2027-03-14T07:00:00Z",
         "2027-03-14T07:00:00Z"},
        {"America/New_York",
         "2027-11-07T01:59:00-04:00",
         "2027-11-07T01:00:00-05:00",
         kTwice,
         {2027, 11, 7, 1, 0},
         "2027-11-07T05:00:00Z",
         "2027-11-07T06:00:00Z"},
        {"Australia/Lord_Howe",
         "2026-10-04T01:59:00+10:30",
         "2026-10-04T02:30:00+11:00",
         kGap,
         {2026, 10, 4, 2, 29},
         "2026-10-03T15:30:00Z",
         "2026-10-03T15:30:00Z"},
        {"Australia/Lord_Howe",
         "2027-04-04T01:59:00+11:00",
         "2027-04-04T01:30:00+10:30",
         kTwice,
         {2027, 4, 4, 1, 45},
         "2027-04-03T14:45:00Z",
         "2027-04-03T15:15:00Z"},
        {"America/Santiago",
         "2026-09-05T23:59:00-04:00",
         "2026-09-06T01:00:00-03:00",
         kGap,
         {2026, 9, 6, 0, 59},
         "2026-09-06T04:00:00Z",
         "2026-09-06T04:00:00Z"},
        {"America/Santiago",
         "2027-04-03T23:59:00-03:00",
         "2027-04-03T23:00:00-04:00",
         kTwice,
         {2027, 4, 3, 23, 0},
         "2027-04-04T02:00:00Z",
         "2027-04-04T03:00:00Z"},
        {"Pacific/Apia",
         "2011-12-29T23:59:00-10:00",
         "2011-12-31T00:00:00+14:00",
         kGap,
         {2011, 12, 30, 12, 0},
         "2011-12-30T10:00:00Z",
         "2011-12-30T10:00:00Z"},
        {"Europe/Berlin",
         "2050-03-27T01:59:00+01:00",
         "2050-03-27T03:00:00+02:00",
         kGap,
         {2050, 3, 27, 2, 30},
         "2050-03-27T01:00:00Z",
         "2050-03-27T01:00:00Z"},
    };
    for (const Change& one : table) {
        SCOPED_TRACE(one.to);
        const Zone zone = Zone::Find(one.zone);
        const Instant last = At(one.from);
        EXPECT_EQ(Stamp(zone, last), one.from);
        EXPECT_EQ(Stamp(zone, last + std::chrono::minutes(1)), one.to);
        EXPECT_EQ(zone.SpanAt(last).end, last + std::chrono::minutes(1));
        EXPECT_EQ(zone.SpanAt(zone.SpanAt(last).end).begin, zone.SpanAt(last).end);
        const auto mapping = zone.ToInstant(one.between);
        EXPECT_EQ(mapping.kind, one.kind);
        EXPECT_EQ(mapping.first, At(one.first));
        EXPECT_EQ(mapping.second, At(one.second));
    }
}

TEST(Zone, EdgesOfAGapAndOfARepeatedHour) {
    const Zone zone = Zone::Find("Europe/Berlin");
    const auto kind = [&](int month, int day, int hour, int minute) {
        return zone.ToInstant({2026, month, day, hour, minute}).kind;
    };
    EXPECT_EQ(kind(3, 29, 1, 59), Zone::Kind::kUnique);
    EXPECT_EQ(kind(3, 29, 2, 0), Zone::Kind::kGap);
    EXPECT_EQ(kind(3, 29, 2, 59), Zone::Kind::kGap);
    EXPECT_EQ(kind(3, 29, 3, 0), Zone::Kind::kUnique);
    EXPECT_EQ(kind(10, 25, 1, 59), Zone::Kind::kUnique);
    EXPECT_EQ(kind(10, 25, 2, 0), Zone::Kind::kTwice);
    EXPECT_EQ(kind(10, 25, 2, 59), Zone::Kind::kTwice);
    EXPECT_EQ(kind(10, 25, 3, 0), Zone::Kind::kUnique);
}

TEST(Zone, ThereAndBack) {
    for (const char* name : {"Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns",
                             "Asia/Kathmandu", "Pacific/Chatham", "Africa/Casablanca", "UTC"}) {
        const Zone zone = Zone::Find(name);
        const Instant end = At("2041-01-01T00:00:00Z");
        for (Instant when = At("2019-01-01T00:00:00Z"); when < end;
             when += std::chrono::minutes(397)) {
            const auto mapping = zone.ToInstant(zone.ToLocal(when));
            ASSERT_TRUE(mapping.first == when || mapping.second == when) << Stamp(zone, when);
            ASSERT_NE(mapping.kind, Zone::Kind::kGap) << Stamp(zone, when);
        }
    }
}

TEST(Zone, TextBeforeTheEpoch) {
    const Zone zone = Zone::Find("UTC");
    EXPECT_EQ(zone.Text(At("1969-12-31T23:59:58Z")), "1969-12-31 23:59:58");
    EXPECT_EQ(zone.Text(At("1969-12-31T23:59:58Z") + std::chrono::microseconds(1)),
              "1969-12-31 23:59:58");
}

} // namespace
} // namespace lifeboat
