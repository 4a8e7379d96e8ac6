#include "core/copytext/floats.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "unit/copytext/formatted.h"

namespace lifeboat {
namespace {

// The shortest digits by the standard library, laid out as PostgreSQL does: fixed with an exponent
// from -4 to below `fixed_digits`.
template <typename Float>
std::string Naive(Float number, int fixed_digits) {
    char buffer[64];
    const auto end =
        std::to_chars(buffer, buffer + sizeof(buffer), number, std::chars_format::scientific).ptr;
    const std::string scientific(buffer, end);
    const size_t e = scientific.find('e');
    const int exponent = std::stoi(scientific.substr(e + 1));
    if (exponent < -4 || exponent >= fixed_digits) return scientific;
    const auto fixed =
        std::to_chars(buffer, buffer + sizeof(buffer), number, std::chars_format::fixed).ptr;
    return {buffer, fixed};
}

TEST(Floats, DoublesAsPostgresPrintsThem) {
    using Limits = std::numeric_limits<double>;
    const std::pair<double, std::string_view> cases[] = {
        {0.0, "0"},
        {-0.0, "-0"},
        {1.0, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {0.30000000000000004, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {100, "100"},
        {123456789012345, "123456789012345"},
        {999999999999999, "999999999999999"},
        {1e14, "100000000000000"},
        {1e15, "1e+15"},
        {1234567890123456, "1.234567890123456e+15"},
        {9007199254740992, "9.007199254740992e+15"},
        {0.0001, "0.0001"},
        {0.00012345678901234567, "0.00012345678901234567"},
        {0.0001234567890123456, "0.0001234567890123456"},
        {0.00001, "1e-05"},
        {1.5e-10, "1.5e-10"},
        {1e22, "1e+22"},
        {1e100, "1e+100"},
        {1.2345678901234567e-100, "1.2345678901234567e-100"},
        {-1.2345678901234567e-308, "-1.2345678901234567e-308"},
        {Limits::denorm_min(), "5e-324"},
        {Limits::min(), "2.2250738585072014e-308"},
        {Limits::max(), "1.7976931348623157e+308"},
        {Limits::lowest(), "-1.7976931348623157e+308"},
        {Limits::infinity(), "Infinity"},
        {-Limits::infinity(), "-Infinity"},
        {Limits::quiet_NaN(), "NaN"},
        {-Limits::quiet_NaN(), "NaN"},
    };
    for (const auto& [number, text] : cases) EXPECT_EQ(Formatted(FormatFloat8, number), text);
}

TEST(Floats, RealsAsPostgresPrintsThem) {
    using Limits = std::numeric_limits<float>;
    const std::pair<float, std::string_view> cases[] = {
        {0.0F, "0"},
        {-0.0F, "-0"},
        {0.1F, "0.1"},
        {16777215.0F, "1.6777215e+07"},
        {100000.0F, "100000"},
        {123456.0F, "123456"},
        {999999.0F, "999999"},
        {1000000.0F, "1e+06"},
        {1234567.0F, "1.234567e+06"},
        {12345.678F, "12345.678"},
        {0.0001F, "0.0001"},
        {0.00001F, "1e-05"},
        {Limits::denorm_min(), "1e-45"},
        {Limits::min(), "1.1754944e-38"},
        {Limits::max(), "3.4028235e+38"},
        {-Limits::infinity(), "-Infinity"},
        {Limits::infinity(), "Infinity"},
        {Limits::quiet_NaN(), "NaN"},
    };
    for (const auto& [number, text] : cases) EXPECT_EQ(Formatted(FormatFloat4, number), text);
}

// 1e23 lies between two doubles and reads as the lower one; PostgreSQL prints that as
// 9.999999999999999e+22.
TEST(Floats, TheMiddleBetweenTwoNeighboursIsLeftToTheServer) {
    EXPECT_EQ(Formatted(FormatFloat8, 1e23), kLeft);
    EXPECT_EQ(Formatted(FormatFloat8, -1e23), kLeft);
    EXPECT_EQ(Formatted(FormatFloat8, 9007199254740996.0), "9.007199254740996e+15");
    EXPECT_EQ(Formatted(FormatFloat4, 33554448.0F), kLeft);
    EXPECT_EQ(Formatted(FormatFloat4, 33554456.0F), "3.3554456e+07");
}

template <typename Float, typename Bits>
void CompareRandom(FormatFunction format, int fixed_digits, Float exact_below) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const TypeFormat type;
    TextCollector out;
    int left = 0;
    for (int round = 0; round < 300'000; ++round) {
        auto number = std::bit_cast<Float>(static_cast<Bits>(random()));
        if (round % 2 == 0)
            number = static_cast<Float>(static_cast<double>(random() >> random() % 64) /
                                        std::pow(10, random() % 24));
        if (std::isnan(number) || std::isinf(number) || number == 0) continue;
        out.Clear();
        if (!format(type, reinterpret_cast<const char*>(&number), sizeof(number), out)) {
            ASSERT_GE(std::abs(number), exact_below);
            ++left;
            continue;
        }
        ASSERT_EQ(out.text(), Naive(number, fixed_digits));
    }
    EXPECT_LT(left, 3000);
}

TEST(Floats, RandomOnesAsTheStandardLibraryPrintsThem) {
    CompareRandom<double, uint64_t>(FormatFloat8, 15, 0x1p53);
    CompareRandom<float, uint32_t>(FormatFloat4, 6, 0x1p24F);
}

} // namespace
} // namespace lifeboat
