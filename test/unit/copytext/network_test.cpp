#include "core/copytext/network.h"

#include <gtest/gtest.h>

#include "binary_value.h"

namespace lifeboat {
namespace {

using namespace test;

constexpr TypeFormat kInet{FormatInet, -1, 'i', ',', true, nullptr};
constexpr TypeFormat kCidr{FormatCidr, -1, 'i', ',', true, nullptr};

std::string Address4(int bits, std::vector<int> bytes) {
    std::string value{2, static_cast<char>(bits)};
    for (const int byte : bytes) value += static_cast<char>(byte);
    return value;
}

std::string Address6(int bits, std::vector<int> words) {
    std::string value{3, static_cast<char>(bits)};
    for (const int word : words) {
        value += static_cast<char>(word >> 8);
        value += static_cast<char>(word);
    }
    return value;
}

TEST(FormatInet, Addresses4) {
    EXPECT_EQ(Format(kInet, Address4(32, {192, 168, 0, 1})), "192.168.0.1");
    EXPECT_EQ(Format(kInet, Address4(24, {192, 168, 0, 1})), "192.168.0.1/24");
    EXPECT_EQ(Format(kInet, Address4(0, {0, 0, 0, 0})), "0.0.0.0/0");
    EXPECT_EQ(Format(kCidr, Address4(32, {255, 255, 255, 255})), "255.255.255.255/32");
    EXPECT_EQ(Format(kCidr, Address4(8, {10, 0, 0, 0})), "10.0.0.0/8");
}

TEST(FormatInet, Addresses6) {
    const auto print = [](std::vector<int> words) {
        return Format(kInet, Address6(128, std::move(words)));
    };
    EXPECT_EQ(print({0x2001, 0xdb8, 1, 2, 3, 4, 0xabcd, 0xFFFF}), "2001:db8:1:2:3:4:abcd:ffff");
    EXPECT_EQ(print({0, 0, 0, 0, 0, 0, 0, 0}), "::");
    EXPECT_EQ(print({0, 0, 0, 0, 0, 0, 0, 1}), "::1");
    EXPECT_EQ(print({0, 0, 0, 0, 0, 0, 0, 0x102}), "::102");
    EXPECT_EQ(print({1, 0, 0, 0, 0, 0, 0, 0}), "1::");
    EXPECT_EQ(print({1, 0, 0, 2, 0, 0, 0, 3}), "1:0:0:2::3") << "the longest run";
    EXPECT_EQ(print({1, 0, 0, 2, 0, 0, 3, 4}), "1::2:0:0:3:4") << "the first of equal ones";
    EXPECT_EQ(print({1, 0, 2, 0, 3, 0, 4, 0}), "1:0:2:0:3:0:4:0") << "a single zero is none";
    EXPECT_EQ(print({0, 1, 2, 3, 4, 5, 6, 7}), "0:1:2:3:4:5:6:7");
    EXPECT_EQ(print({0, 0, 1, 2, 3, 4, 5, 6}), "::1:2:3:4:5:6");
    EXPECT_EQ(print({1, 2, 3, 4, 5, 6, 0, 0}), "1:2:3:4:5:6::");
    EXPECT_EQ(print({0, 0, 0, 0, 0, 0, 0x102, 0x304}), "::1.2.3.4");
    EXPECT_EQ(print({0, 0, 0, 0, 0, 0, 0x102, 0}), "::1.2.0.0");
    EXPECT_EQ(print({0, 0, 0, 0, 0, 0xFFFF, 0x102, 0x304}), "::ffff:1.2.3.4");
    EXPECT_EQ(print({0, 0, 0, 0, 0, 0xFFFE, 0x102, 0x304}), "::fffe:102:304");
    EXPECT_EQ(print({0, 0, 0, 0, 0, 0xFFFF, 0, 0}), "::ffff:0.0.0.0");
    EXPECT_EQ(print({0, 0, 0, 0, 0xFFFF, 0, 0x102, 0x304}), "::ffff:0:102:304");
    EXPECT_EQ(Format(kInet, Address6(64, {0xfe80, 0, 0, 0, 0, 0, 0, 1})), "fe80::1/64");
    EXPECT_EQ(Format(kInet, Address6(0, {0, 0, 0, 0, 0, 0, 0, 0})), "::/0");
    EXPECT_EQ(Format(kCidr, Address6(128, {1, 2, 3, 4, 5, 6, 7, 8})), "1:2:3:4:5:6:7:8/128");
    EXPECT_EQ(Format(kCidr, Address6(104, {0, 0, 0, 0, 0, 0xFFFF, 0x100, 0})),
              "::ffff:1.0.0.0/104");
}

TEST(FormatInet, LeavesWhatIsDamaged) {
    const auto good = Address6(128, {1, 2, 3, 4, 5, 6, 7, 8});
    for (size_t size = 0; size < good.size(); ++size)
        EXPECT_EQ(Format(kInet, good.substr(0, size)), std::nullopt) << size;
    EXPECT_EQ(Format(kInet, good + '\0'), std::nullopt);
    EXPECT_EQ(Format(kInet, Address4(33, {1, 2, 3, 4})), std::nullopt);
    EXPECT_EQ(Format(kInet, Address6(129, {1, 2, 3, 4, 5, 6, 7, 8})), std::nullopt);
    EXPECT_EQ(Format(kInet, "\x04" + good.substr(1)), std::nullopt);
    EXPECT_EQ(Format(kInet, "\x02" + good.substr(1)), std::nullopt);
}

} // namespace
} // namespace lifeboat
