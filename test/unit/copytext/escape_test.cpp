#include "core/copytext/escape.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace lifeboat {
namespace {

// The rule as copyto.c states it, one byte at a time.
std::string Naive(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '\b': out += "\\b"; break;
        case '\f': out += "\\f"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        case '\v': out += "\\v"; break;
        case '\\': out += "\\\\"; break;
        default: out += c;
        }
    }
    return out;
}

std::string Escape(std::string_view text) {
    std::string out(2 * text.size() + 8, '#');
    out.resize(EscapeCopyText(text.data(), text.size(), out.data()));
    return out;
}

TEST(CopyText, EveryByteAtEveryPlace) {
    for (int byte = 0; byte < 256; ++byte) {
        for (size_t place = 0; place < 40; ++place) {
            std::string text(40, 'x');
            text[place] = static_cast<char>(byte);
            const bool special = byte == '\\' || (byte >= 8 && byte <= 13);
            ASSERT_EQ(PlainPrefix(text.data(), text.size()), special ? place : text.size())
                << byte << " at " << place;
            ASSERT_EQ(Escape(text), Naive(text)) << byte << " at " << place;
        }
    }
}

TEST(CopyText, PlainPrefixStopsAtTheLength) {
    const std::string text = "0123456789abcdef0123456789abcdef\n";
    for (size_t length = 0; length < text.size(); ++length)
        EXPECT_EQ(PlainPrefix(text.data(), length), length);
    EXPECT_EQ(PlainPrefix(nullptr, 0), 0U);
    EXPECT_EQ(EscapeCopyText(nullptr, 0, nullptr), 0U);
}

TEST(CopyText, RandomTextsBothWays) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 3000; ++round) {
        std::string text(random() % 200, '\0');
        const unsigned special = 1 + random() % 20; // from mostly plain to mostly special
        for (char& c : text)
            c = static_cast<char>(random() % 20 < special ? random() % 16 : random());
        ASSERT_EQ(Escape(text), Naive(text));
        std::string appended = "before";
        AppendCopyText(appended, text);
        ASSERT_EQ(appended, "before" + Naive(text));
        ASSERT_EQ(UnescapeCopyText(Naive(text)), text);
    }
}

TEST(CopyText, ReadsAndWritesWithinTheLength) {
    for (size_t length = 0; length <= 70; ++length) {
        for (size_t every = 1; every <= length + 1; ++every) {
            // A block of the heap of just its size: reads beyond it are found by AddressSanitizer.
            std::vector<char> text(length, 'x');
            for (size_t at = every - 1; at < length; at += every) text[at] = '\\';
            std::string out(2 * length + 16, '#');
            const size_t written = EscapeCopyText(text.data(), length, out.data());
            ASSERT_EQ(out.substr(0, written), Naive({text.data(), length}));
            ASSERT_EQ(out.substr(2 * length), std::string(16, '#'));
        }
    }
}

TEST(UnescapeCopyText, RefusesWhatEscapeNeverWrites) {
    EXPECT_EQ(UnescapeCopyText(""), "");
    EXPECT_EQ(UnescapeCopyText("a\\\\b\\tc"), "a\\b\tc");
    EXPECT_EQ(UnescapeCopyText("\\"), std::nullopt);
    EXPECT_EQ(UnescapeCopyText("abc\\"), std::nullopt);
    EXPECT_EQ(UnescapeCopyText("\\\\\\"), std::nullopt);
    EXPECT_EQ(UnescapeCopyText("\\N"), std::nullopt);
    EXPECT_EQ(UnescapeCopyText("\\x41"), std::nullopt);
    EXPECT_EQ(UnescapeCopyText("\\101"), std::nullopt);
    EXPECT_EQ(UnescapeCopyText(std::string_view("\\\0", 2)), std::nullopt);
    EXPECT_EQ(UnescapeCopyText("\\."), std::nullopt);
}

} // namespace
} // namespace lifeboat
