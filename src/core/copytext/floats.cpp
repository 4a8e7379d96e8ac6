#include "core/copytext/floats.h"

#define FMT_HEADER_ONLY
#define FMT_USE_FULL_CACHE_DRAGONBOX 1
#define FMT_ASSERT(condition, message) static_cast<void>(0) // it would end the process
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

// Is `decimal` exactly between mantissa * 2^exponent and a neighbour of it? Below exponent 1 it
// would have too many digits.
bool IsBetweenNeighbours(const Decimal& decimal, uint64_t mantissa, int exponent,
                         bool power_of_2) noexcept {
    return Equals(decimal, 2 * mantissa + 1, exponent - 1) ||
           Equals(decimal, 2 * mantissa - 1, exponent - 1) ||
           (power_of_2 && Equals(decimal, 4 * mantissa - 1, exponent - 2));
}

int CountDigits(uint64_t value) noexcept {
    const int bits = std::bit_width(value);
    const int count = bits * 1233 >> 12; // of the digits of 2^bits, or one less
    return count + (value >= kPowersOf10[static_cast<size_t>(count)] ? 1 : 0);
}

// The number in millionths if so many digits are enough: at most 15 (real: 6) in all and 6 after
// the point. Then no other number of so few digits reads as this one, and it is the shortest
// without looking for it. Most columns hold such numbers.
constexpr int64_t kNotFew = -1;
constexpr uint32_t kMillion = 1'000'000;
constexpr double kToNearest = 0.5; // for what is not negative and whose halves do not matter

int64_t FewDigits(double number) noexcept {
    if (!(number >= 1e-4 && number < 1e9)) return kNotFew; // 15 digits
    const auto millionths = static_cast<int64_t>(number * kMillion + kToNearest);
    return static_cast<double>(millionths) / kMillion == number ? millionths : kNotFew;
}

int64_t FewDigits(float number) noexcept {
    if (!(number >= 1e-4F && number < 1e6F)) return kNotFew;
    const auto whole = static_cast<uint32_t>(number);
    // As many digits after the point as make six with those before it.
    const int after_point = 6 - (whole > 0 ? CountDigits(whole) : 0);
    const auto scale = static_cast<int64_t>(kPowersOf10[static_cast<size_t>(after_point)]);
    const auto scaled =
        static_cast<int64_t>(double{number} * static_cast<double>(scale) + kToNearest);
    // The quotient is exact enough to be rounded once more.
    const auto same = static_cast<float>(static_cast<double>(scaled) / static_cast<double>(scale));
    return same == number ? scaled * (kMillion / scale) : kNotFew;
}

// The digits of a decimal as characters, padded with zeros.
struct Digits {
    char first;
    uint64_t next8; // the leftmost one in the lowest byte
    uint64_t last8;
};

constexpr int kMaxDigits = 17;

Digits Spread(uint64_t digits, int count) noexcept {
    constexpr uint64_t kEightDigits = 100'000'000;
    const uint64_t padded = digits * kPowersOf10[static_cast<size_t>(kMaxDigits - count)];
    const uint64_t last16 = padded % (kEightDigits * kEightDigits);
    const auto next8 = static_cast<uint32_t>(last16 / kEightDigits);
    const auto last8 = static_cast<uint32_t>(last16 % kEightDigits);
    const SixteenDigits split = SplitSixteenDigits(next8, last8);
    return {static_cast<char>('0' + padded / (kEightDigits * kEightDigits)),
            split.first | kEightZeros, split.last | kEightZeros};
}

void StoreDigits(const Digits& digits, char* out) noexcept {
    *out = digits.first;
    StoreCharacters(out + 1, digits.next8);
    StoreCharacters(out + 9, digits.last8);
}

// A point after the first `before` characters, which pushes out the last one.
uint64_t InsertPoint(uint64_t characters, int before) noexcept {
    const uint64_t stay = (uint64_t{1} << (8 * before)) - 1;
    return (characters & stay) | uint64_t{'.'} << (8 * before) | (characters & ~stay) << 8;
}

// before: 1 to 16 digits are before the point.
void StoreWithPoint(const Digits& digits, int before, char* out) noexcept {
    *out = digits.first;
    if (before <= 8) {
        StoreCharacters(out + 1, InsertPoint(digits.next8, before - 1));
        StoreCharacters(out + 9, digits.next8 >> 56 | digits.last8 << 8);
    } else {
        StoreCharacters(out + 1, digits.next8);
        StoreCharacters(out + 9, InsertPoint(digits.last8, before - 9));
    }
    out[17] = static_cast<char>(digits.last8 >> 56);
}

char* WriteFixed(const Digits& digits, int count, int before_point, char* out) noexcept {
    if (before_point <= 0) {
        std::memcpy(out, "0.000000", 8);
        StoreDigits(digits, out + 2 - before_point);
        return out + 2 - before_point + count;
    }
    if (before_point >= count) {
        StoreDigits(digits, out);
        return out + before_point;
    }
    StoreWithPoint(digits, before_point, out);
    return out + count + 1;
}

char* WriteScientific(const Digits& digits, int count, int exponent, char* out) noexcept {
    StoreWithPoint(digits, 1, out);
    out += count == 1 ? 1 : count + 1;
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    auto size = static_cast<uint32_t>(exponent < 0 ? -exponent : exponent);
    if (size >= 100) {
        *out++ = static_cast<char>('0' + size / 100);
        size %= 100;
    }
    return WriteTwoDigits(size, out);
}

bool PutSpecial(bool nan, bool negative, TextOut& out) {
    if (nan)
        out.PutPlain("NaN");
    else
        out.PutPlain(negative ? "-Infinity" : "Infinity");
    return true;
}

template <typename Float>
bool PutShortest(Float number, bool negative, TextOut& out) {
    using Form = Layout<Float>;
    using Bits = typename Form::Bits;
    constexpr Bits kHidden = Bits{1} << Form::kMantissaBits;
    const auto bits = std::bit_cast<Bits>(number);
    const auto shortest = fmt::detail::dragonbox::to_decimal(number);
    const Decimal decimal{shortest.significand, shortest.exponent};
    const Bits fraction = bits & (kHidden - 1);
    const int exponent = static_cast<int>(bits >> Form::kMantissaBits) + Form::kExponentOfLowestBit;
    if (exponent > 0 && fraction % 2 == 0 &&
        IsBetweenNeighbours(decimal, fraction | kHidden, exponent, fraction == 0))
        return false;
    char* to = out.Reserve(kFloatRoom);
    *to = '-';
    to += negative ? 1 : 0;
    const int count = CountDigits(decimal.digits);
    const int first_digit = decimal.exponent + count - 1;
    const Digits digits = Spread(decimal.digits, count);
    if (first_digit >= -4 && first_digit < Form::kFixedDigits)
        out.Advance(WriteFixed(digits, count, first_digit + 1, to));
    else
        out.Advance(WriteScientific(digits, count, first_digit, to));
    return true;
}

template <typename Float>
bool FormatFloat(const char* value, TextOut& out) {
    using Bits = typename Layout<Float>::Bits;
    const auto bits = Load<Bits>(value);
    const Bits magnitude = bits & (~Bits{0} >> 1);
    const bool negative = bits != magnitude;
    const auto number = std::bit_cast<Float>(magnitude);
    const int64_t millionths = magnitude == 0 ? 0 : FewDigits(number);
    if (millionths != kNotFew) {
        char* to = out.Reserve(kFloatRoom);
        *to = '-';
        to += negative ? 1 : 0;
        to = WriteUint32(static_cast<uint32_t>(millionths / kMillion), to);
        out.Advance(WriteMillionths(static_cast<uint32_t>(millionths % kMillion), to));
        return true;
    }
    constexpr auto kInfinity = std::bit_cast<Bits>(std::numeric_limits<Float>::infinity());
    if (magnitude >= kInfinity) return PutSpecial(magnitude > kInfinity, negative, out);
    return PutShortest(number, negative, out);
}

} // namespace

bool FormatFloat4(const TypeFormat&, const char* value, size_t, TextOut& out) {
    return FormatFloat<float>(value, out);
}

bool FormatFloat8(const TypeFormat&, const char* value, size_t, TextOut& out) {
    return FormatFloat<double>(value, out);
}

} // namespace lifeboat
