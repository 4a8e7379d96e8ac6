#include "core/copytext/floats.h"

#define FMT_HEADER_ONLY
#define FMT_USE_FULL_CACHE_DRAGONBOX 1
#include <fmt/format.h>

#include <array>
#include <limits>

#include "core/copytext/digits.h"

namespace lifeboat {
namespace {

// The longest text is -1.2345678901234567e-308.
constexpr size_t kFloatRoom = 64;

template <typename Float>
struct Layout;

template <>
struct Layout<float> {
    using Bits = uint32_t;
    static constexpr int kMantissaBits = 23;
    static constexpr int kExponentOfLowestBit = -150; // of a number with a biased exponent of 0
    static constexpr int kFixedDigits = 6;
};

template <>
struct Layout<double> {
    using Bits = uint64_t;
    static constexpr int kMantissaBits = 52;
    static constexpr int kExponentOfLowestBit = -1075;
    static constexpr int kFixedDigits = 15;
};

struct Decimal {
    uint64_t digits; // does not end in 0
    int exponent;    // of 10
};

template <size_t size>
constexpr std::array<uint64_t, size> Powers(uint64_t base) {
    std::array<uint64_t, size> powers{1};
    for (size_t at = 1; at < size; ++at) powers[at] = powers[at - 1] * base;
    return powers;
}

constexpr auto kPowersOf5 = Powers<24>(5);
constexpr auto kPowersOf10 = Powers<18>(10);

// Is `decimal` = odd * 2^exponent? odd < 2^55.
bool Equals(const Decimal& decimal, uint64_t odd, int exponent) noexcept {
    const auto power = static_cast<size_t>(decimal.exponent);
    if (power >= kPowersOf5.size()) return false; // or `odd` would have to be larger
    const int shift = exponent - decimal.exponent;
    if (shift < 0 || shift >= 64 || odd % kPowersOf5[power] != 0) return false;
    const uint64_t quotient = decimal.digits >> shift;
    return quotient << shift == decimal.digits && quotient == odd / kPowersOf5[power];
}

// Is `decimal` exactly between mantissa * 2^exponent and a neighbour of it?
bool IsBetweenNeighbours(const Decimal& decimal, uint64_t mantissa, int exponent,
                         bool power_of_2) noexcept {
    if (exponent <= 0) return false; // it would have too many digits
    return Equals(decimal, 2 * mantissa + 1, exponent - 1) ||
           Equals(decimal, 2 * mantissa - 1, exponent - 1) ||
           (power_of_2 && Equals(decimal, 4 * mantissa - 1, exponent - 2));
}

char* WriteFixed(const Decimal& decimal, int digit_count, char* out) noexcept {
    const int before_point = digit_count + decimal.exponent;
    if (decimal.exponent >= 0)
        return WriteUint64(decimal.digits * kPowersOf10[static_cast<size_t>(decimal.exponent)],
                           out);
    if (before_point <= 0) {
        std::memcpy(out, "0.000000", 8);
        return WriteUint64(decimal.digits, out + 2 - before_point);
    }
    const uint64_t scale = kPowersOf10[static_cast<size_t>(-decimal.exponent)];
    out = WriteUint64(decimal.digits / scale, out);
    // The digits after the point, with a 1 in front that keeps their zeros and gives its place to
    // the point.
    char* const end = WriteUint64(decimal.digits % scale + scale, out);
    *out = '.';
    return end;
}

char* WriteScientific(const Decimal& decimal, int digit_count, char* out) noexcept {
    char* end = WriteUint64(decimal.digits, out + 1);
    out[0] = out[1];
    out[1] = '.';
    if (digit_count == 1) --end;
    const int exponent = decimal.exponent + digit_count - 1;
    *end++ = 'e';
    *end++ = exponent < 0 ? '-' : '+';
    auto size = static_cast<uint32_t>(exponent < 0 ? -exponent : exponent);
    if (size >= 100) {
        *end++ = static_cast<char>('0' + size / 100);
        size %= 100;
    }
    return WriteTwoDigits(size, end);
}

int CountDigits(uint64_t value) noexcept {
    int count = 1;
    while (static_cast<size_t>(count) < kPowersOf10.size() &&
           value >= kPowersOf10[static_cast<size_t>(count)])
        ++count;
    return count;
}

template <typename Float>
bool FormatFloat(const char* value, TextOut& out) {
    using Form = Layout<Float>;
    using Bits = typename Form::Bits;
    constexpr Bits kHidden = Bits{1} << Form::kMantissaBits;
    const auto bits = Load<Bits>(value);
    const auto number = std::bit_cast<Float>(bits);
    const Bits magnitude = bits & (~Bits{0} >> 1);
    constexpr auto kInfinity = std::bit_cast<Bits>(std::numeric_limits<Float>::infinity());
    if (magnitude > kInfinity) {
        out.PutPlain("NaN");
        return true;
    }
    if (magnitude == kInfinity) {
        out.PutPlain(number < 0 ? "-Infinity" : "Infinity");
        return true;
    }
    if (magnitude == 0) {
        out.PutPlain(bits == 0 ? "0" : "-0");
        return true;
    }
    const auto shortest = fmt::detail::dragonbox::to_decimal(std::bit_cast<Float>(magnitude));
    const Decimal decimal{shortest.significand, shortest.exponent};
    const Bits fraction = magnitude & (kHidden - 1);
    if (fraction % 2 == 0 &&
        IsBetweenNeighbours(
            decimal, fraction | kHidden,
            static_cast<int>(magnitude >> Form::kMantissaBits) + Form::kExponentOfLowestBit,
            fraction == 0))
        return false;
    char* to = out.Reserve(kFloatRoom);
    *to = '-';
    to += bits != magnitude ? 1 : 0;
    const int digit_count = CountDigits(decimal.digits);
    const int exponent = decimal.exponent + digit_count - 1;
    const bool fixed = exponent >= -4 && exponent < Form::kFixedDigits;
    out.Advance(fixed ? WriteFixed(decimal, digit_count, to)
                      : WriteScientific(decimal, digit_count, to));
    return true;
}

} // namespace

bool FormatFloat4(const TypeFormat&, const char* value, size_t, TextOut& out) {
    return FormatFloat<float>(value, out);
}

bool FormatFloat8(const TypeFormat&, const char* value, size_t, TextOut& out) {
    return FormatFloat<double>(value, out);
}

} // namespace lifeboat
