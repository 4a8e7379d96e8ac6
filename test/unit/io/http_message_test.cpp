#include "core/io/http_message.h"

#include <gtest/gtest.h>

namespace lifeboat {
namespace {

TEST(HttpDate, IsWrittenAndRead) {
    using namespace std::chrono;
    const Instant when = sys_days(year(2013) / 5 / 24) + hours(3) + seconds(9);
    EXPECT_EQ(HttpDate(when), "Fri, 24 May 2013 03:00:09 GMT");
    EXPECT_EQ(ParseHttpDate("Fri, 24 May 2013 03:00:09 GMT"), when);
    EXPECT_EQ(ParseHttpDate("yesterday"), std::nullopt);
}

TEST(HttpBody, IsReadAsItWasWritten) {
    HttpBody body;
    std::string text;
    for (int i = 0; text.size() < (size_t{5} << 19); ++i) {
        const std::string part(static_cast<size_t>(i % 70'000), static_cast<char>('a' + i % 26));
        body.Append(AsBytes(part));
        text += part;
    }
    ASSERT_EQ(body.size(), text.size());
    std::string read;
    while (read.size() < text.size()) read += AsText(body.At(read.size()));
    EXPECT_EQ(read, text);
    EXPECT_TRUE(body.At(text.size()).empty());
    EXPECT_EQ(AsText(body.At(text.size() - 3)), text.substr(text.size() - 3));
}

} // namespace
} // namespace lifeboat
