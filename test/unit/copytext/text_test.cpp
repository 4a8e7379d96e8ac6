#include "core/copytext/text.h"

#include "core/copytext/escape.h"
#include "unit/copytext/formatted.h"

namespace lifeboat {
namespace {

std::string Escaped(std::string_view text) {
    std::string out;
    AppendCopyText(out, text);
    return out;
}

TEST(Text, EveryByteIsWrittenOrEscaped) {
    std::string every;
    for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
    const std::string text = FormattedBytes(FormatText, every);
    EXPECT_EQ(text.substr(0, 20), std::string("\0\1\2\3\4\5\6\7\\b\\t\\n\\v\\f\\r", 20));
    EXPECT_EQ(text, Escaped(every));
    EXPECT_EQ(text.size(), 256U + 7);
}

TEST(Text, EveryLength) {
    std::string plain;
    for (size_t size = 0; size < 100; ++size) {
        EXPECT_EQ(FormattedBytes(FormatText, plain), plain);
        const std::string controls(size, '\n');
        EXPECT_EQ(FormattedBytes(FormatText, controls), Escaped(controls));
        plain += static_cast<char>('a' + size % 26);
    }
}

TEST(Text, LongerThanTheBuffer) {
    std::string text(5 * TextOut::kMaxReserve + 3, 'x');
    EXPECT_EQ(FormattedBytes(FormatText, text), text);
    text.assign(text.size(), '\\');
    EXPECT_EQ(FormattedBytes(FormatText, text), std::string(2 * text.size(), '\\'));
}

TEST(Text, NameEndsAtItsFirstNul) {
    std::string name(64, '\0');
    EXPECT_EQ(FormattedBytes(FormatName, name), "");
    name.replace(0, 5, "a\tb\\c");
    EXPECT_EQ(FormattedBytes(FormatName, name), "a\\tb\\\\c");
    name.assign(63, 'n');
    EXPECT_EQ(FormattedBytes(FormatName, name + '\0'), name);
    EXPECT_EQ(FormattedBytes(FormatName, name + 'n'), name + 'n');
}

TEST(Bytea, HexOfEveryByteAndEveryLength) {
    std::string bytes;
    std::string hex;
    for (int byte = 0; byte < 256; ++byte) {
        EXPECT_EQ(FormattedBytes(FormatBytea, bytes), "\\\\x" + hex);
        bytes += static_cast<char>(byte);
        char two[3];
        std::snprintf(two, sizeof(two), "%02x", static_cast<unsigned>(byte));
        hex += two;
    }
    EXPECT_EQ(FormattedBytes(FormatBytea, bytes), "\\\\x" + hex);
}

TEST(Bytea, LongerThanTheBuffer) {
    const std::string bytes(3 * TextOut::kMaxReserve + 5, '\xAB');
    std::string hex = "\\\\x";
    for (size_t at = 0; at < bytes.size(); ++at) hex += "ab";
    EXPECT_EQ(FormattedBytes(FormatBytea, bytes), hex);
}

} // namespace
} // namespace lifeboat
