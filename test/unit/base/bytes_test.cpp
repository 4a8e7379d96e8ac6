#include "core/base/bytes.h"

#include <gtest/gtest.h>

namespace lifeboat {
namespace {

TEST(Hex, RoundTrip) {
    const Buffer bytes{std::byte{0x00}, std::byte{0x9f}, std::byte{0xff}};
    EXPECT_EQ(ToHex(bytes), "009fff");
    EXPECT_EQ(FromHex("009fFF"), bytes);
    EXPECT_EQ(FromHex(""), Buffer{});
}

TEST(Hex, RefusesOddLengthAndOtherCharacters) {
    EXPECT_FALSE(FromHex("0"));
    EXPECT_FALSE(FromHex("0g"));
    EXPECT_FALSE(FromHex(" 0"));
    EXPECT_FALSE(FromHex("/0"));
    EXPECT_FALSE(FromHex("0:"));
}

TEST(LittleEndian, RoundTrip) {
    Buffer out;
    AppendLe32(out, 0x184D2A5B);
    AppendLe64(out, 0x0123456789ABCDEF);
    EXPECT_EQ(ToHex(out), "5b2a4d18efcdab8967452301");
    EXPECT_EQ(ReadLe32(out), 0x184D2A5BU);
    EXPECT_EQ(ReadLe64(Bytes(out).subspan(4)), 0x0123456789ABCDEFU);
}

TEST(Printable, EscapesWhatATerminalWouldObey) {
    EXPECT_EQ(Printable("objects/ab\n\x1b[31m\x7f"), "objects/ab\\x0a\\x1b[31m\\x7f");
    EXPECT_EQ(Printable("na\xc3\xafve \xe2\x82\xac \xf0\x9f\x9b\x9f"),
              "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x9b\x9f");
    EXPECT_EQ(Printable("\xc2\x9b"), "\\xc2\\x9b") << "a C1 control";
}

TEST(Printable, EscapesMalformedUtf8) {
    EXPECT_EQ(Printable("\xff"), "\\xff");
    EXPECT_EQ(Printable("\xc3"), "\\xc3");
    EXPECT_EQ(Printable("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
    EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "surrogate";
    EXPECT_EQ(Printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond U+10FFFF";
}

TEST(Printable, CutsAtTheLimitAndNeverInsideACharacter) {
    EXPECT_EQ(Printable("abcdef", 6), "abcdef");
    EXPECT_EQ(Printable("abcdef", 5), "abcde...");
    EXPECT_EQ(Printable("abc\xe2\x82\xac", 5), "abc...");
    EXPECT_EQ(Printable("abc\x01", 5), "abc...");
}

TEST(HumanBytes, ThreeDigits) {
    const std::pair<uint64_t, const char*> cases[] = {
        {0, "0 B"},
        {999, "999 B"},
        {1000, "1 kB"},
        {1500, "1.5 kB"},
        {1234, "1.23 kB"},
        {12340, "12.3 kB"},
        {123456, "123 kB"},
        {999499, "999 kB"},
        {999500, "1 MB"},
        {9994, "9.99 kB"},
        {9996, "10 kB"},
        {99960, "100 kB"},
        {1500000000, "1.5 GB"},
        {2000000000000, "2 TB"},
        {UINT64_MAX, "18.4 EB"},
    };
    for (const auto& [bytes, text] : cases) EXPECT_EQ(HumanBytes(bytes), text) << bytes;
}

} // namespace
} // namespace lifeboat
