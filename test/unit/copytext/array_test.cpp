#include "core/copytext/array.h"

#include <gtest/gtest.h>

#include "binary_value.h"
#include "core/copytext/escape.h"

namespace lifeboat {
namespace {

using namespace test;

struct Dimension {
    int32_t size;
    int32_t lower = 1;
};

constexpr uint32_t kElementType = 25;

// nullopt is NULL; values of varlena types come with their header.
std::string Array(const TypeFormat& element, const std::vector<Dimension>& dimensions,
                  const std::vector<std::optional<std::string>>& items) {
    std::string header =
        Word(static_cast<uint32_t>(dimensions.size())) + Word(0) + Word(kElementType);
    for (const Dimension& one : dimensions) header += Raw(one.size);
    for (const Dimension& one : dimensions) header += Raw(one.lower);
    std::string whole = "HEAD" + header;
    if (std::find(items.begin(), items.end(), std::nullopt) != items.end()) {
        std::string bitmap((items.size() + 7) / 8, '\0');
        for (size_t i = 0; i < items.size(); ++i)
            if (items[i]) bitmap[i / 8] = static_cast<char>(bitmap[i / 8] | 1 << i % 8);
        whole += bitmap;
        PadTo(whole, 8);
        whole.replace(8, 4, Word(static_cast<uint32_t>(whole.size())));
    }
    PadTo(whole, 8);
    for (const auto& item : items) {
        if (!item) continue;
        whole.resize(AlignOffset(whole.size(), element.align));
        whole += *item;
    }
    return whole.substr(4);
}

TypeFormat ArrayOf(const TypeFormat& element) {
    return {FormatArray, -1, element.align == 'd' ? 'd' : 'i', ',', false, &element};
}

std::optional<std::string> Print(const TypeFormat& element,
                                 const std::vector<Dimension>& dimensions,
                                 const std::vector<std::optional<std::string>>& items) {
    return Format(ArrayOf(element), Array(element, dimensions, items));
}

std::optional<std::string> PrintTexts(const std::vector<std::string>& texts) {
    std::vector<std::optional<std::string>> items;
    for (const std::string& text : texts) items.emplace_back(Long(text));
    return Print(kText, {{static_cast<int32_t>(texts.size())}}, items);
}

TEST(FormatArray, Numbers) {
    EXPECT_EQ(Print(kInt4, {{3}}, {Raw(1), Raw(-2), Raw(3)}), "{1,-2,3}");
    EXPECT_EQ(Print(kInt2, {{2}}, {Raw(int16_t{-32768}), Raw(int16_t{7})}), "{-32768,7}");
    EXPECT_EQ(Print(kInt8, {{2}}, {Raw(int64_t{1} << 62), Raw(int64_t{0})}),
              "{4611686018427387904,0}");
    EXPECT_EQ(Print(kBool, {{3}}, {"\1", std::string(1, '\0'), "\1"}), "{t,f,t}");
    EXPECT_EQ(Print(kNumeric, {{2}}, {Long(Numeric(12, 2, 5000)), Short(Numeric(7))}), "{12.50,7}");
}

TEST(FormatArray, Empty) {
    EXPECT_EQ(Print(kInt4, {}, {}), "{}");
    EXPECT_EQ(Print(kInt4, {{0}}, {}), "{}");
    EXPECT_EQ(Print(kInt4, {{2}, {0, 5}}, {}), "{}");
}

TEST(FormatArray, Dimensions) {
    const auto six =
        std::vector<std::optional<std::string>>{Raw(1), Raw(2), Raw(3), Raw(4), Raw(5), Raw(6)};
    EXPECT_EQ(Print(kInt4, {{2}, {3}}, six), "{{1,2,3},{4,5,6}}");
    EXPECT_EQ(Print(kInt4, {{3}, {1}, {2}}, six), "{{{1,2}},{{3,4}},{{5,6}}}");
    EXPECT_EQ(Print(kInt4, {{6, 2}}, six), "[2:7]={1,2,3,4,5,6}");
    EXPECT_EQ(Print(kInt4, {{2, -1}, {3}}, six), "[-1:0][1:3]={{1,2,3},{4,5,6}}");
    EXPECT_EQ(Print(kInt4, {{1, -2147483647 - 1}}, {Raw(9)}), "[-2147483648:-2147483648]={9}");
    EXPECT_EQ(Print(kInt4, {{1}, {1}, {1}, {1}, {1}, {1}}, {Raw(9)}), "{{{{{{9}}}}}}");
    EXPECT_EQ(Print(kText, {{2, 0}, {1}}, {Long("a"), Long("b")}), "[0:1][1:1]={{a},{b}}");
}

TEST(FormatArray, Nulls) {
    EXPECT_EQ(Print(kInt4, {{3}}, {std::nullopt, Raw(2), std::nullopt}), "{NULL,2,NULL}");
    EXPECT_EQ(Print(kText, {{2}}, {std::nullopt, Long("x")}), "{NULL,x}");
    std::vector<std::optional<std::string>> many(20, std::nullopt);
    many[8] = Raw(int64_t{8});
    many[17] = Raw(int64_t{17});
    EXPECT_EQ(Print(kInt8, {{20}}, many),
              "{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,8,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,"
              "17,NULL,NULL}");
}

TEST(FormatArray, QuotedWhereTheOutputFunctionQuotes) {
    EXPECT_EQ(PrintTexts({"plain", "", "null", "NuLL", "nulls", "nul"}),
              R"({plain,"","null","NuLL",nulls,nul})");
    EXPECT_EQ(PrintTexts({"a b", "a,b", "a{b", "a}b", "a;b", "a(b"}),
              R"({"a b","a,b","a{b","a}b",a;b,a(b})");
    EXPECT_EQ(PrintTexts({"a\"b", "\"", "\"\""}), R"({"a\\"b","\\"","\\"\\""})");
    EXPECT_EQ(PrintTexts({"a\\b", "\\", "\\\\"}), R"({"a\\\\b","\\\\","\\\\\\\\"})");
    EXPECT_EQ(PrintTexts({"\\\"n", "\\n"}), R"({"\\\\\\"n","\\\\n"})");
}

TEST(FormatArray, ControlCharacters) {
    EXPECT_EQ(PrintTexts({"a\tb", "\n", "\v", "\f", "\r"}), R"({"a\tb","\n","\v","\f","\r"})");
    EXPECT_EQ(PrintTexts({"a\bb", "\b", "\b\t"}), R"({a\bb,\b,"\b\t"})")
        << "\\b is not white space";
    EXPECT_EQ(PrintTexts({"\1\x1f\x7f", "Größe", "\xa0"}), "{\1\x1f\x7f,Größe,\xa0}");
}

TEST(FormatArray, TheElementsDelimiter) {
    TypeFormat element = kText;
    element.delimiter = ';';
    EXPECT_EQ(Print(element, {{3}}, {Long("a,b"), Long("a;b"), Long("c")}), R"({a,b;"a;b";c})");
}

// Every pair of bytes against the rule of array_out, one byte at a time.
TEST(FormatArray, EveryPairOfBytes) {
    for (int first = 1; first < 256; ++first) {
        std::vector<std::string> texts;
        std::string printed;
        for (int second = 1; second < 256; ++second) {
            const std::string text{static_cast<char>(first), static_cast<char>(second)};
            texts.push_back(text);
            const bool quoted = text.find_first_of("\"\\{}, \t\n\v\f\r") != std::string::npos;
            std::string item;
            for (const char c : text) {
                if (c == '"' || c == '\\') item += '\\';
                item += c;
            }
            printed += quoted ? ",\"" + item + '"' : "," + item;
        }
        std::string expected;
        AppendCopyText(expected, "{" + printed.substr(1) + "}");
        ASSERT_EQ(PrintTexts(texts), expected) << first;
    }
}

TEST(FormatArray, LargeElements) {
    const std::string plain(100000, 'x');
    EXPECT_EQ(PrintTexts({plain, "y"}), "{" + plain + ",y}");
    const std::string backslashes(50000, '\\');
    EXPECT_EQ(PrintTexts({backslashes}), "{\"" + std::string(200000, '\\') + "\"}");
    const std::string huge(3 << 20, '"');
    EXPECT_EQ(PrintTexts({huge, "y"})->size(), 3 * huge.size() + 6);
    EXPECT_EQ(PrintTexts({"a", "b"}), "{a,b}") << "and a small one behind it";
}

TEST(FormatArray, ArraysInArrays) { // of a domain over an array
    const TypeFormat inner = ArrayOf(kText);
    const std::string one = Array(kText, {{2}}, {Long("a b"), Long("c")});
    EXPECT_EQ(Print(inner, {{2}}, {Long(one), Long(Array(kText, {}, {}))}),
              R"({"{\\"a b\\",c}","{}"})");
}

TEST(FormatArray, LeavesToastedElements) {
    std::string compressed = Long("0123456789");
    compressed[0] = static_cast<char>(compressed[0] | 2);
    EXPECT_EQ(Print(kText, {{2}}, {Long("a"), compressed}), std::nullopt);
    const std::string external = "\x01\x12" + std::string(16, 'x');
    EXPECT_EQ(Print(kText, {{2}}, {Long("a"), external}), std::nullopt);
}

bool Decline(const TypeFormat&, const char* value, size_t size, TextOut& out) {
    if (value[0] == 'n') return false;
    out.PutPlain({value, size});
    return true;
}

TEST(FormatArray, LeavesWhatTheElementLeaves) {
    for (const bool bare : {false, true}) {
        const TypeFormat texts{Decline, -1, 'i', ',', bare, nullptr};
        EXPECT_EQ(Print(texts, {{2}}, {Long("yes"), Long("yes")}), "{yes,yes}");
        EXPECT_EQ(Print(texts, {{2}}, {Long("yes"), Long("no")}), std::nullopt);
        const TypeFormat words{Decline, 3, 'c', ',', bare, nullptr};
        EXPECT_EQ(Print(words, {{2}}, {"yes", "yes"}), "{yes,yes}");
        EXPECT_EQ(Print(words, {{2}}, {"yes", "not"}), std::nullopt);
    }
}

TEST(FormatArray, LeavesWhatIsDamaged) {
    const auto good = Array(kInt4, {{2}}, {Raw(1), Raw(2)});
    const TypeFormat ints = ArrayOf(kInt4);
    ASSERT_EQ(Format(ints, good), "{1,2}");
    for (size_t size = 0; size < good.size(); ++size)
        EXPECT_EQ(Format(ints, good.substr(0, size)), std::nullopt) << size;
    const auto with = [&](size_t at, uint32_t word) {
        std::string bad = good;
        bad.replace(at, 4, Word(word));
        return Format(ints, bad);
    };
    EXPECT_EQ(with(0, 7), std::nullopt) << "dimensions";
    EXPECT_EQ(with(0, 0xFFFFFFFF), std::nullopt) << "dimensions";
    EXPECT_EQ(with(4, 3), std::nullopt) << "data inside the header";
    EXPECT_EQ(with(4, 1000), std::nullopt) << "data outside";
    EXPECT_EQ(with(12, 3), std::nullopt) << "an item too many";
    EXPECT_EQ(with(12, 0x7FFFFFFF), std::nullopt) << "too many items";
    EXPECT_EQ(with(12, 0xFFFFFFFF), std::nullopt) << "a negative size";
    EXPECT_EQ(with(16, 0x7FFFFFFE), std::nullopt) << "an upper bound that is no int4";

    const auto texts = Array(kText, {{2}}, {Long("abc"), std::nullopt});
    ASSERT_EQ(Format(ArrayOf(kText), texts), "{abc,NULL}");
    for (size_t size = 0; size < texts.size(); ++size)
        EXPECT_EQ(Format(ArrayOf(kText), texts.substr(0, size)), std::nullopt) << size;
}

} // namespace
} // namespace lifeboat
