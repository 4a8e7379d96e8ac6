#include "core/copytext/range.h"

#include <gtest/gtest.h>

#include "binary_value.h"
#include "core/copytext/escape.h"

namespace lifeboat {
namespace {

using namespace test;

constexpr uint32_t kRangeType = 3904;
enum : uint8_t { kEmpty = 1, kLowerIn = 2, kUpperIn = 4, kNoLower = 8, kNoUpper = 16 };

TypeFormat RangeOf(const TypeFormat& subtype) {
    return {FormatRange, -1, subtype.align == 'd' ? 'd' : 'i', ',', false, &subtype};
}

// The bounds as the server packs them, behind what is in `whole`.
void AppendBounds(const TypeFormat& subtype, const std::vector<std::string>& bounds,
                  std::string& whole) {
    for (const std::string& bound : bounds) {
        const bool is_short = subtype.length == -1 && (bound[0] & 1) != 0;
        if (!is_short) whole.resize(AlignOffset(whole.size(), subtype.align));
        whole += bound;
    }
}

std::string Range(const TypeFormat& subtype, uint8_t flags,
                  const std::vector<std::string>& bounds) {
    std::string whole = "HEAD" + Word(kRangeType);
    AppendBounds(subtype, bounds, whole);
    return (whole + static_cast<char>(flags)).substr(4);
}

std::optional<std::string> Print(const TypeFormat& subtype, uint8_t flags,
                                 const std::vector<std::string>& bounds) {
    return Format(RangeOf(subtype), Range(subtype, flags, bounds));
}

TEST(FormatRange, Brackets) {
    const std::vector<std::string> bounds{Raw(1), Raw(10)};
    EXPECT_EQ(Print(kInt4, kLowerIn, bounds), "[1,10)");
    EXPECT_EQ(Print(kInt4, kUpperIn, bounds), "(1,10]");
    EXPECT_EQ(Print(kInt4, kLowerIn | kUpperIn, bounds), "[1,10]");
    EXPECT_EQ(Print(kInt4, 0, bounds), "(1,10)");
    EXPECT_EQ(Print(kInt4, kEmpty, {}), "empty");
    EXPECT_EQ(Print(kInt4, kNoLower, {Raw(10)}), "(,10)");
    EXPECT_EQ(Print(kInt4, kLowerIn | kNoUpper, {Raw(1)}), "[1,)");
    EXPECT_EQ(Print(kInt4, kNoLower | kNoUpper, {}), "(,)");
}

TEST(FormatRange, BoundsOfEveryAlignment) {
    EXPECT_EQ(Print(kInt8, kLowerIn, {Raw(int64_t{-5}), Raw(int64_t{5})}), "[-5,5)");
    EXPECT_EQ(Print(kInt2, kLowerIn, {Raw(int16_t{3}), Raw(int16_t{4})}), "[3,4)");
    EXPECT_EQ(Print(kBool, kLowerIn, {std::string(1, '\0'), "\1"}), "[f,t)");
    EXPECT_EQ(Print(kNumeric, kLowerIn, {Short(Numeric(1, 1, 5000)), Short(Numeric(2))}),
              "[1.5,2)");
    EXPECT_EQ(Print(kNumeric, kLowerIn, {Short(Numeric(1, 2, 5000)), Long(Numeric(2))}), "[1.50,2)")
        << "a long one behind a short one is aligned";
    EXPECT_EQ(Print(kText, 0, {Long("abcde"), Long("xyz")}), "(abcde,xyz)");
    EXPECT_EQ(Print(kText, kNoLower, {Long("xyz")}), "(,xyz)");
    EXPECT_EQ(Print(kText, 0, {Long("abcde"), Short("xyz")}), "(abcde,xyz)");
}

// Against the rule of range_bound_escape, one byte at a time.
TEST(FormatRange, EveryByteOfABound) {
    for (int byte = 1; byte < 128; ++byte) {
        const std::string text{'a', static_cast<char>(byte)};
        std::string bound;
        for (const char c : text) {
            if (c == '"' || c == '\\') bound += c;
            bound += c;
        }
        if (text.find_first_of("\"\\()[], \t\n\v\f\r") != std::string::npos)
            bound = '"' + bound + '"';
        std::string expected;
        AppendCopyText(expected, "[" + bound + ",z)");
        ASSERT_EQ(Print(kText, kLowerIn, {Short(text), Short("z")}), expected) << byte;
    }
    EXPECT_EQ(Print(kText, kLowerIn, {Short(""), Short("\"\"")}), R"(["",""""""))");
    EXPECT_EQ(Print(kText, kLowerIn, {Short("null"), Short("{}")}), "[null,{})");
}

TEST(FormatRange, LeavesBytesThatMayBeWhiteSpace) {
    EXPECT_EQ(Print(kText, kLowerIn, {Short("a"), Short("\xa0")}), std::nullopt);
    EXPECT_EQ(Print(kText, kLowerIn, {Short("ä"), Short("b")}), std::nullopt);
}

TEST(FormatRange, LeavesWhatIsDamaged) {
    const TypeFormat ints = RangeOf(kInt4);
    const std::string good = Range(kInt4, kLowerIn, {Raw(1), Raw(2)});
    EXPECT_EQ(Format(ints, ""), std::nullopt);
    EXPECT_EQ(Format(ints, Word(kRangeType)), std::nullopt);
    EXPECT_EQ(Format(ints, good.substr(0, 8) + '\2'), std::nullopt) << "the upper bound is missing";
    EXPECT_EQ(Format(ints, good.substr(0, 6) + '\2'), std::nullopt) << "the lower, too";
    const TypeFormat texts = RangeOf(kText);
    std::string toasted = Long("abcdef");
    toasted[0] = static_cast<char>(toasted[0] | 2);
    EXPECT_EQ(Format(texts, Range(kText, kNoUpper, {toasted})), std::nullopt);
    EXPECT_EQ(Format(texts, Range(kText, 0, {Short("a")})), std::nullopt);
}

// --- multiranges ---------------------------------------------------------------------------------

struct One {
    uint8_t flags;
    std::vector<std::string> bounds;
};

std::string Multirange(const TypeFormat& subtype, const std::vector<One>& ranges) {
    std::string whole = "HEAD" + Word(kRangeType + 1) + Word(static_cast<uint32_t>(ranges.size()));
    std::string data;
    std::vector<uint32_t> begins;
    for (const One& range : ranges) {
        data.resize(AlignOffset(data.size(), subtype.align));
        begins.push_back(static_cast<uint32_t>(data.size()));
        AppendBounds(subtype, range.bounds, data);
    }
    for (size_t i = 1; i < ranges.size(); ++i)
        whole += Word(i % 4 == 0 ? begins[i] | 0x80000000U : begins[i] - begins[i - 1]);
    for (const One& range : ranges) whole += static_cast<char>(range.flags);
    whole.resize(AlignOffset(whole.size(), subtype.align));
    return (whole + data).substr(4);
}

std::optional<std::string> PrintMultirange(const TypeFormat& subtype,
                                           const std::vector<One>& ranges) {
    const TypeFormat range = RangeOf(subtype);
    const TypeFormat multirange{FormatMultirange, -1, range.align, ',', false, &range};
    return Format(multirange, Multirange(subtype, ranges));
}

TEST(FormatMultirange, Ranges) {
    EXPECT_EQ(PrintMultirange(kInt4, {}), "{}");
    EXPECT_EQ(PrintMultirange(kInt4, {{kLowerIn, {Raw(1), Raw(2)}}}), "{[1,2)}");
    EXPECT_EQ(PrintMultirange(kInt8, {{kNoLower, {Raw(int64_t{1})}},
                                      {kLowerIn, {Raw(int64_t{3}), Raw(int64_t{4})}},
                                      {kLowerIn | kNoUpper, {Raw(int64_t{9})}}}),
              "{(,1),[3,4),[9,)}");
    EXPECT_EQ(PrintMultirange(kInt4, {{kNoLower | kNoUpper, {}}}), "{(,)}");
    EXPECT_EQ(PrintMultirange(kText, {{kLowerIn, {Short("a"), Short("b c")}},
                                      {0, {Short("\""), Long("long")}}}),
              R"({[a,"b c"),("""",long)})");
}

TEST(FormatMultirange, ManyRanges) {
    std::vector<One> ranges;
    std::string expected = "{";
    for (int16_t i = 0; i < 300; ++i) {
        ranges.push_back({kLowerIn, {Short(Numeric(i)), Short(Numeric(i, 3, 5000))}});
        expected += (i > 0 ? ",[" : "[") + std::to_string(i) + "," + std::to_string(i) + ".500)";
    }
    EXPECT_EQ(PrintMultirange(kNumeric, ranges), expected + "}");
}

TEST(FormatMultirange, LeavesWhatIsDamaged) {
    const TypeFormat range = RangeOf(kInt4);
    const TypeFormat multirange{FormatMultirange, -1, 'i', ',', false, &range};
    const std::string good =
        Multirange(kInt4, {{kLowerIn, {Raw(1), Raw(2)}}, {kLowerIn, {Raw(4), Raw(5)}}});
    ASSERT_EQ(Format(multirange, good), "{[1,2),[4,5)}");
    for (size_t size = 0; size < good.size(); ++size)
        EXPECT_EQ(Format(multirange, good.substr(0, size)), std::nullopt) << size;
    const auto with = [&](size_t at, uint32_t word) {
        std::string bad = good;
        bad.replace(at, 4, Word(word));
        return Format(multirange, bad);
    };
    EXPECT_EQ(with(4, 0xFFFFFFFF), std::nullopt) << "ranges without end";
    EXPECT_EQ(with(8, 0x7FFFFFFF), std::nullopt) << "a range outside";
    EXPECT_EQ(with(8, 0xFFFFFFFF), std::nullopt) << "a range outside";
}

} // namespace
} // namespace lifeboat
