#include "core/base/clock.h"

#include <gtest/gtest.h>

namespace lifeboat {
namespace {

Instant At(int64_t seconds, int64_t micros = 0) {
    return Instant(std::chrono::seconds(seconds) + std::chrono::microseconds(micros));
}

TEST(Clock, WritesUtc) {
    EXPECT_EQ(CompactUtc(At(1795140900)), "20261120T021500Z");
    EXPECT_EQ(Rfc3339(At(1795140900, 123456)), "2026-11-20T02:15:00.123456Z");
    EXPECT_EQ(Rfc3339(At(0, 7)), "1970-01-01T00:00:00.000007Z");
    EXPECT_EQ(Rfc3339(At(-1, 999999)), "1969-12-31T23:59:59.999999Z");
    EXPECT_EQ(Rfc3339(At(1709164800)), "2024-02-29T00:00:00.000000Z");
}

TEST(Clock, ReadsWhatItWrites) {
    for (const Instant when :
         {At(0), At(-1, 1), At(1795140900, 123456), At(253402300799, 999999)}) {
        EXPECT_EQ(ParseRfc3339(Rfc3339(when)), when) << Rfc3339(when);
    }
}

TEST(Clock, ReadsNothingElse) {
    for (const char* text : {
             "",
             "2026-11-20T02:15:00Z",
             "2026-11-20T02:15:00.123Z",
             "2026-11-20 02:15:00.123456Z",
             "2026-11-20T02:15:00.123456+",
             "2026-11-20T02:15:00.123456Z ",
             "2026-13-20T02:15:00.123456Z",
             "2026-02-29T02:15:00.123456Z",
             "2026-11-00T02:15:00.123456Z",
             "2026-11-20T24:00:00.000000Z",
             "2026-11-20T02:60:00.000000Z",
             "2026-11-20T02:15:60.000000Z",
             "-026-11-20T02:15:00.123456Z",
             "2026-11-20T02:15:00.+23456Z",
         }) {
        EXPECT_FALSE(ParseRfc3339(text)) << text;
    }
}

TEST(Clock, NowIsNow) {
    const auto before = std::chrono::system_clock::now();
    const Instant now = Now();
    EXPECT_LE(std::chrono::abs(now - before), std::chrono::seconds(5));
}

} // namespace
} // namespace lifeboat
