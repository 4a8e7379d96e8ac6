#include "core/base/closest_name.h"

#include <gtest/gtest.h>

namespace lifeboat {
namespace {

TEST(ClosestName, OneSlip) {
    const std::vector<std::string> names = {"hourly", "nightly", "weekly"};
    EXPECT_EQ(ClosestName("nigtly", names), "nightly") << "one too few";
    EXPECT_EQ(ClosestName("nighttly", names), "nightly") << "one too many";
    EXPECT_EQ(ClosestName("nightlz", names), "nightly") << "one wrong";
    EXPECT_EQ(ClosestName("ngihtly", names), "nightly") << "two exchanged";
}

TEST(ClosestName, TheClosest) {
    EXPECT_EQ(ClosestName("backup1", {"backup22", "backup2", "backup12"}), "backup2");
    EXPECT_EQ(ClosestName("main", {"mail", "main2"}), "mail") << "of equals the first";
}

TEST(ClosestName, NothingThatIsFar) {
    EXPECT_EQ(ClosestName("nope", {"nightly", "main"}), std::nullopt);
    EXPECT_EQ(ClosestName("x", {"y"}), std::nullopt) << "another name altogether";
    EXPECT_EQ(ClosestName("", {"a"}), std::nullopt);
    EXPECT_EQ(ClosestName("nightly", {}), std::nullopt);
}

} // namespace
} // namespace lifeboat
