#include "core/copytext/numbers.h"

#include <charconv>
#include <limits>

#include "unit/copytext/formatted.h"

namespace lifeboat {
namespace {

template <typename Number>
void ExpectAsToString(FormatFunction format) {
    using Limits = std::numeric_limits<Number>;
    const auto expect = [&](Number number) {
        EXPECT_EQ(Formatted(format, number), std::to_string(number));
    };
    for (const Number number : {Limits::min(), Limits::max(), Number{0}}) expect(number);
    // Around every power of ten, both signs.
    for (Number power = 1;; power = static_cast<Number>(power * 10)) {
        for (const int off : {-1, 0, 1}) {
            expect(static_cast<Number>(power + off));
            expect(static_cast<Number>(-(power + off)));
        }
        if (power > Limits::max() / 10) break;
    }
    std::mt19937_64 random(1);
    for (int round = 0; round < 200; ++round)
        expect(static_cast<Number>(random() >> random() % 64));
}

TEST(Numbers, WholeNumbersOfEveryLength) {
    ExpectAsToString<int16_t>(FormatInt2);
    ExpectAsToString<int32_t>(FormatInt4);
    ExpectAsToString<int64_t>(FormatInt8);
    ExpectAsToString<uint32_t>(FormatOid);
}

TEST(Numbers, EveryInt2) {
    const TypeFormat type;
    TextCollector out;
    for (int number = -32768; number <= 32767; ++number) {
        out.Clear();
        const auto value = static_cast<int16_t>(number);
        ASSERT_TRUE(FormatInt2(type, reinterpret_cast<const char*>(&value), sizeof(value), out));
        ASSERT_EQ(out.text(), std::to_string(number));
    }
}

TEST(Numbers, UnsignedOf64Bits) {
    char out[kIntegerRoom];
    for (const uint64_t number : {uint64_t{0}, uint64_t{9'999'999'999'999'999},
                                  uint64_t{10'000'000'000'000'000}, ~uint64_t{0}})
        EXPECT_EQ(std::string(out, WriteUint64(number, out)), std::to_string(number));
}

TEST(Numbers, Bool) {
    EXPECT_EQ(Formatted(FormatBool, char{0}), "f");
    EXPECT_EQ(Formatted(FormatBool, char{1}), "t");
}

TEST(Numbers, CharIsTextOfOneByte) {
    EXPECT_EQ(Formatted(FormatChar, 'x'), "x");
    EXPECT_EQ(Formatted(FormatChar, '\0'), "");
    EXPECT_EQ(Formatted(FormatChar, '\\'), "\\\\");
    EXPECT_EQ(Formatted(FormatChar, '\n'), "\\n");
    EXPECT_EQ(Formatted(FormatChar, '\x7f'), "\x7f");
    EXPECT_EQ(Formatted(FormatChar, '\x80'), kLeft);
    EXPECT_EQ(Formatted(FormatChar, '\xff'), kLeft);
}

} // namespace
} // namespace lifeboat
