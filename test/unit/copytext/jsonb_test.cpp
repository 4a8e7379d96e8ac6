#include "core/copytext/jsonb.h"

#include <gtest/gtest.h>

#include <random>

#include "binary_value.h"
#include "core/copytext/escape.h"
#include "core/copytext/json_string.h"
#include "support/expect_error.h"

namespace lifeboat {
namespace {

using namespace test;

constexpr TypeFormat kJsonb{FormatJsonb, -1, 'i', ',', false, nullptr};

// --- a writer of the binary form -----------------------------------------------------------------

enum : uint32_t {
    kString = 0,
    kNumber = 0x10000000,
    kFalse = 0x20000000,
    kTrue = 0x30000000,
    kNull = 0x40000000,
    kContainer = 0x50000000,
    kScalar = 0x10000000,
    kObject = 0x20000000,
    kArray = 0x40000000,
    kIsOffset = 0x80000000,
};

struct Node {
    uint32_t kind;
    std::string bytes;
};

Node String(std::string text) { return {kString, std::move(text)}; }
Node Number(int16_t whole) { return {kNumber, Long(Numeric(whole))}; }
Node Container(std::string bytes) { return {kContainer, std::move(bytes)}; }

// Keys first, then values, for an object. Every 32nd entry is an offset, the others are lengths.
std::string Pack(uint32_t header, const std::vector<Node>& nodes) {
    std::string entries;
    std::string data;
    for (size_t i = 0; i < nodes.size(); ++i) {
        const size_t begin = data.size();
        if (nodes[i].kind == kNumber || nodes[i].kind == kContainer) PadTo(data, 4);
        data += nodes[i].bytes;
        const auto end = static_cast<uint32_t>(data.size());
        entries += Word(nodes[i].kind |
                        (i % 32 == 0 ? kIsOffset | end : end - static_cast<uint32_t>(begin)));
    }
    return Word(header) + entries + data;
}

std::string ArrayOf(const std::vector<Node>& nodes) {
    return Pack(kArray | static_cast<uint32_t>(nodes.size()), nodes);
}

std::string ObjectOf(const std::vector<std::pair<std::string, Node>>& pairs) {
    std::vector<Node> nodes;
    for (const auto& [key, value] : pairs) nodes.push_back(String(key));
    for (const auto& [key, value] : pairs) nodes.push_back(value);
    return Pack(kObject | static_cast<uint32_t>(pairs.size()), nodes);
}

std::string ScalarOf(const Node& node) { return Pack(kArray | kScalar | 1, {node}); }

// --- what it prints ------------------------------------------------------------------------------

TEST(FormatJsonb, Scalars) {
    EXPECT_EQ(Format(kJsonb, ScalarOf(String("a"))), R"("a")");
    EXPECT_EQ(Format(kJsonb, ScalarOf(String(""))), R"("")");
    EXPECT_EQ(Format(kJsonb, ScalarOf(Number(42))), "42");
    EXPECT_EQ(Format(kJsonb, ScalarOf({kNumber, Long(Numeric(1, 2, 5000, true))})), "-1.50");
    EXPECT_EQ(Format(kJsonb, ScalarOf({kNumber, Short(Numeric(7))})), "7");
    EXPECT_EQ(Format(kJsonb, ScalarOf({kTrue, ""})), "true");
    EXPECT_EQ(Format(kJsonb, ScalarOf({kFalse, ""})), "false");
    EXPECT_EQ(Format(kJsonb, ScalarOf({kNull, ""})), "null");
}

TEST(FormatJsonb, ArraysAndObjects) {
    EXPECT_EQ(Format(kJsonb, ArrayOf({})), "[]");
    EXPECT_EQ(Format(kJsonb, ObjectOf({})), "{}");
    EXPECT_EQ(Format(kJsonb, ArrayOf({Number(1), String("x"), {kNull, ""}, Number(2)})),
              R"([1, "x", null, 2])");
    EXPECT_EQ(Format(kJsonb, ObjectOf({{"a", Number(1)}, {"bcd", {kTrue, ""}}, {"", String("e")}})),
              R"({"a": 1, "bcd": true, "": "e"})");
    const std::string inner = ObjectOf({{"b", Container(ArrayOf({Number(1), Number(2)}))}});
    EXPECT_EQ(Format(kJsonb, ObjectOf({{"a", Container(inner)},
                                       {"c", Container(ArrayOf({}))},
                                       {"d", Container(ObjectOf({}))},
                                       {"e", String("end")}})),
              R"({"a": {"b": [1, 2]}, "c": [], "d": {}, "e": "end"})");
    EXPECT_EQ(Format(kJsonb, ArrayOf({Container(ArrayOf({Container(ArrayOf({}))})), Number(3)})),
              "[[[]], 3]");
}

TEST(FormatJsonb, ManyElements) {
    for (const int count : {31, 32, 33, 63, 64, 65, 1000}) {
        std::vector<Node> nodes;
        std::vector<std::pair<std::string, Node>> pairs;
        std::string array;
        std::string object;
        for (int i = 0; i < count; ++i) {
            const std::string number = std::to_string(i);
            const bool even = i % 2 == 0;
            nodes.push_back(even ? Number(static_cast<int16_t>(i)) : String(number));
            pairs.emplace_back(number, nodes.back());
            const std::string text = even ? number : '"' + number + '"';
            array += (i > 0 ? ", " : "") + text;
            object += (i > 0 ? ", \"" : "\"") + number + "\": " + text;
        }
        // Zero is a numeric without digits, one digit of zero prints alike.
        EXPECT_EQ(Format(kJsonb, ArrayOf(nodes)), "[" + array + "]");
        EXPECT_EQ(Format(kJsonb, ObjectOf(pairs)), "{" + object + "}");
    }
}

TEST(FormatJsonb, DeepNestingTakesNoStack) {
    constexpr size_t kDepth = 10000;
    std::string value = ArrayOf({Number(1)});
    std::string expected = "[1]";
    for (size_t i = 0; i < kDepth; ++i) {
        value = i % 2 == 0 ? ObjectOf({{"k", Container(value)}}) : ArrayOf({Container(value)});
        expected = i % 2 == 0 ? "{\"k\": " + expected + "}" : "[" + expected + "]";
    }
    EXPECT_EQ(Format(kJsonb, value), expected);
    EXPECT_EQ(Format(kJsonb, ArrayOf({Number(1)})), "[1]") << "and a flat one behind it";
}

// --- strings -------------------------------------------------------------------------------------

// As escape_json and then COPY TEXT write it, one byte at a time.
std::string Naive(std::string_view text) {
    std::string json = "\"";
    for (const char c : text) {
        switch (c) {
        case '"': json += "\\\""; break;
        case '\\': json += "\\\\"; break;
        case '\b': json += "\\b"; break;
        case '\f': json += "\\f"; break;
        case '\n': json += "\\n"; break;
        case '\r': json += "\\r"; break;
        case '\t': json += "\\t"; break;
        default:
            if (static_cast<unsigned char>(c) < 0x20) {
                char code[8];
                std::snprintf(code, sizeof(code), "\\u%04x", static_cast<unsigned char>(c));
                json += code;
            } else {
                json += c;
            }
        }
    }
    std::string copied;
    AppendCopyText(copied, json + "\"");
    return copied;
}

TEST(FormatJsonb, StringsEveryByteAtEveryPlace) {
    for (int byte = 0; byte < 256; ++byte) {
        std::vector<Node> nodes;
        std::string expected;
        for (size_t place = 0; place < 40; ++place) {
            std::string text(40, 'x');
            text[place] = static_cast<char>(byte);
            nodes.push_back(String(text));
            nodes.push_back(String(text.substr(0, place + 1))); // at the end of a string
            expected += ", " + Naive(text) + ", " + Naive(text.substr(0, place + 1));
        }
        ASSERT_EQ(Format(kJsonb, ArrayOf(nodes)), "[" + expected.substr(2) + "]") << byte;
    }
}

TEST(FormatJsonb, RandomStrings) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 2000; ++round) {
        std::string text(random() % (round % 50 == 0 ? 20000 : 100), '\0');
        const unsigned special = random() % 20; // from plain to all special
        for (char& c : text)
            c = random() % 20 < special ? "\"\\\n\t\1\v\x1f "[random() % 8]
                                        : static_cast<char>('a' + random() % 26);
        ASSERT_EQ(Format(kJsonb, ArrayOf({String(text), String("behind")})),
                  "[" + Naive(text) + ", \"behind\"]");
    }
}

TEST(FormatJsonb, LongStringsOfEscapes) {
    for (const size_t size : {2047, 2048, 2049, 4096, 100000}) {
        const std::string text(size, '\1');
        EXPECT_EQ(Format(kJsonb, ScalarOf(String(text))), Naive(text)) << size;
    }
}

// --- damage --------------------------------------------------------------------------------------

TEST(FormatJsonb, LeavesABadOutermostHeader) {
    EXPECT_EQ(Format(kJsonb, ""), std::nullopt);
    EXPECT_EQ(Format(kJsonb, "abc"), std::nullopt);
    EXPECT_EQ(Format(kJsonb, Word(0)), std::nullopt) << "neither array nor object";
    EXPECT_EQ(Format(kJsonb, Word(kArray | kObject)), std::nullopt) << "both";
    EXPECT_EQ(Format(kJsonb, Word(kArray | 1)), std::nullopt) << "an entry outside";
    EXPECT_EQ(Format(kJsonb, Word(kObject | 1) + Word(kString)), std::nullopt) << "half a pair";
    EXPECT_EQ(Format(kJsonb, Word(kArray | 0x0FFFFFFF)), std::nullopt) << "many entries";
    EXPECT_EQ(Format(kJsonb, Word(kArray | kScalar | 0)), std::nullopt) << "no scalar";
    EXPECT_EQ(Format(kJsonb, Pack(kArray | kScalar | 2, {Number(1), Number(2)})), std::nullopt);
    EXPECT_EQ(Format(kJsonb, Pack(kObject | kScalar | 1, {String("a"), Number(2)})), std::nullopt);
}

void ExpectDamaged(const std::string& value, const char* detail) {
    const Thrown thrown = Catch([&] { (void)Format(kJsonb, value); });
    EXPECT_EQ(thrown.code, Errc::Damaged);
    EXPECT_EQ(thrown.message, "a jsonb value is damaged");
    EXPECT_EQ(thrown.detail, detail);
}

TEST(FormatJsonb, DamageInsideIsAnError) {
    constexpr auto kOutside = "An entry ends outside its container.";
    ExpectDamaged(Word(kArray | 1) + Word(kString | 5) + "abcd", kOutside);
    ExpectDamaged(Word(kArray | 1) + Word(kIsOffset | kString | 5) + "abcd", kOutside);
    ExpectDamaged(Word(kArray | 2) + Word(kString | 4) + Word(kIsOffset | kString | 3) + "abcd",
                  kOutside);
    ExpectDamaged(Word(kArray | 1) + Word(0x60000000), "An entry is of unknown kind.");
    ExpectDamaged(Word(kArray | 1) + Word(kContainer | 4) + Word(0),
                  "A container has a bad header.");
    ExpectDamaged(Word(kArray | 1) + Word(kContainer | 3) + Word(kArray),
                  "A container has a bad header.");
    ExpectDamaged(ScalarOf(Container(ArrayOf({}))),
                  "A scalar was expected, a container was found.");
    ExpectDamaged(Word(kArray | 2) + Word(kString | 1) + Word(kNumber | 1) + "ab",
                  "An entry is shorter than its padding.");
    ExpectDamaged(ArrayOf({{kNumber, ""}}), "A number is not a numeric.");
    ExpectDamaged(ArrayOf({{kNumber, Word(400) + "12"}}), "A number is not a numeric.");
    ExpectDamaged(Pack(kObject | 1, {Number(1), Number(2)}),
                  "The key of an object is not a string.");
    ExpectDamaged(Word(kObject | 1) + Word(kString | 9) + Word(kNull) + "abcd",
                  "The keys of an object end outside it.");
}

TEST(FormatJsonb, EveryTruncationIsNoticed) {
    const std::string whole =
        ObjectOf({{"a", Container(ArrayOf({Number(1), String("text")}))}, {"b", String("last")}});
    for (size_t size = 0; size < whole.size(); ++size) {
        std::optional<std::string> text;
        const Thrown thrown = Catch([&] { text = Format(kJsonb, whole.substr(0, size)); });
        EXPECT_EQ(text, std::nullopt) << size;
        EXPECT_EQ(thrown.message, size < 20 ? "nothing was thrown" : "a jsonb value is damaged")
            << size;
    }
}

} // namespace
} // namespace lifeboat
