#include "core/copytext/numeric.h"

#include "unit/copytext/formatted.h"

namespace lifeboat {
namespace {

// The bytes on disk of a number as the server writes them: groups of four digits without the zero
// groups at both ends, the short header where it fits.
struct Stored {
    std::string groups;
    int weight = 0;
    size_t scale = 0;
    bool negative = false;

    explicit Stored(std::string_view text) {
        negative = text.starts_with('-');
        if (negative) text.remove_prefix(1);
        std::string whole(text.substr(0, text.find('.')));
        std::string fraction(text.size() > whole.size() ? text.substr(whole.size() + 1) : "");
        scale = fraction.size();
        whole.insert(0, (4 - whole.size() % 4) % 4, '0');
        fraction.append((4 - fraction.size() % 4) % 4, '0');
        std::string digits = whole + fraction;
        weight = static_cast<int>(whole.size() / 4) - 1;
        while (digits.starts_with("0000")) {
            digits.erase(0, 4);
            --weight;
        }
        while (digits.ends_with("0000")) digits.resize(digits.size() - 4);
        if (digits.empty()) weight = 0;
        for (size_t at = 0; at < digits.size(); at += 4)
            groups += BytesOf(static_cast<uint16_t>(std::stoi(digits.substr(at, 4))));
    }
    [[nodiscard]] bool FitsShort() const { return scale < 64 && weight >= -64 && weight < 64; }
    [[nodiscard]] std::string Short() const {
        return BytesOf(static_cast<uint16_t>(0x8000 | (negative ? 0x2000 : 0) | scale << 7 |
                                             static_cast<size_t>(weight & 0x7F))) +
               groups;
    }
    [[nodiscard]] std::string Long() const {
        return BytesOf(static_cast<uint16_t>((negative ? 0x4000 : 0) | scale),
                       static_cast<int16_t>(weight)) +
               groups;
    }
};

void ExpectBothForms(const std::string& text) {
    const Stored stored(text);
    EXPECT_EQ(FormattedBytes(FormatNumeric, stored.Long()), text);
    if (!stored.FitsShort()) return;
    EXPECT_EQ(FormattedBytes(FormatNumeric, stored.Short()), text);
}

TEST(Numeric, SmallOnes) {
    for (const char* text : {"0",
                             "0.0",
                             "0.00000",
                             "1",
                             "-1",
                             "9",
                             "10",
                             "99",
                             "100",
                             "999",
                             "1000",
                             "9999",
                             "10000",
                             "10001",
                             "-12345678",
                             "100000000",
                             "123456789012345678901234567890",
                             "0.1",
                             "-0.1",
                             "0.01",
                             "0.001",
                             "0.0001",
                             "0.00001",
                             "0.00000001",
                             "1.5",
                             "1.50",
                             "1.500",
                             "1.5000",
                             "1.50000",
                             "99999999.99",
                             "-123456789.12",
                             "10000.0001",
                             "20000.00",
                             "0.00012345",
                             "12345.6789012345",
                             "100000000000000000000.000000000000000000001"})
        ExpectBothForms(text);
}

TEST(Numeric, EveryLengthAroundThePoint) {
    std::mt19937 random(1);
    const auto digits = [&](size_t size) {
        std::string text(size, '0');
        for (char& c : text) c = static_cast<char>('0' + (random() % 3 == 0 ? 0 : random() % 10));
        return text;
    };
    for (size_t whole = 1; whole < 24; ++whole) {
        for (size_t fraction = 0; fraction < 24; ++fraction) {
            std::string text = digits(whole);
            text[0] = static_cast<char>(whole == 1 ? '0' + random() % 10 : '1' + random() % 9);
            if (fraction > 0) text += '.' + digits(fraction);
            ExpectBothForms(text);
        }
    }
}

TEST(Numeric, TheLargestThereAre) {
    std::string text(131'072, '7');
    ExpectBothForms(text);
    ExpectBothForms('-' + text + '.' + std::string(16'383, '3'));
    text.assign(131'072, '0');
    text[0] = '1';
    ExpectBothForms(text); // one group is stored
    ExpectBothForms("0." + std::string(16'382, '0') + '1');
    ExpectBothForms("0." + std::string(16'383, '0'));
}

TEST(Numeric, NoNumbers) {
    EXPECT_EQ(Formatted(FormatNumeric, uint16_t{0xC000}), "NaN");
    EXPECT_EQ(Formatted(FormatNumeric, uint16_t{0xD000}), "Infinity");
    EXPECT_EQ(Formatted(FormatNumeric, uint16_t{0xF000}), "-Infinity");
}

TEST(Numeric, WhatCannotBeIsLeftToTheServer) {
    EXPECT_EQ(FormattedBytes(FormatNumeric, ""), kLeft);
    EXPECT_EQ(FormattedBytes(FormatNumeric, "\x01"), kLeft);
    EXPECT_EQ(Formatted(FormatNumeric, uint16_t{0}), kLeft);      // a long form without a weight
    EXPECT_EQ(Formatted(FormatNumeric, uint16_t{0xE000}), kLeft); // no special value
    EXPECT_EQ(Formatted(FormatNumeric, uint16_t{0x8000}, uint16_t{10'000}), kLeft);
    EXPECT_EQ(Formatted(FormatNumeric, uint16_t{0x8001}, uint16_t{1}, uint16_t{0xFFFF}), kLeft);
}

} // namespace
} // namespace lifeboat
