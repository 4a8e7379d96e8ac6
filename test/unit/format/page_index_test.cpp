#include "core/format/page_index.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace lifeboat {
namespace {

using test::Catch;

constexpr size_t kHeader = 8;

PageIndex Sample() { return {{7, 10}, {100, 0, 50}, {{40, 0}, {90, 100}}}; }

Buffer Payload(const PageIndex& index) {
    Buffer frame = EncodePageIndexFrame(index);
    frame.erase(frame.begin(), frame.begin() + kHeader);
    return frame;
}

void SetLe32(Buffer& bytes, size_t at, uint32_t value) {
    Buffer number;
    AppendLe32(number, value);
    std::copy(number.begin(), number.end(), bytes.begin() + static_cast<ptrdiff_t>(at));
}

std::string Problem(const Buffer& payload, uint64_t raw_bytes) {
    const auto thrown = Catch([&] { DecodePageIndex(payload, raw_bytes); });
    EXPECT_EQ(thrown.code, Errc::Damaged);
    EXPECT_EQ(thrown.message, "page index is damaged");
    return thrown.detail;
}

// The example of docs/design/format.md.
TEST(PageIndex, BytesAreTheSpecifications) {
    EXPECT_EQ(ToHex(EncodePageIndexFrame(Sample())),
              "5c2a4d184c000000"
              "070000000a0000000200000000000000"
              "6400000000000000"
              "0000000000000000"
              "3200000000000000"
              "28000000000000000000000000000000"
              "5a000000000000006400000000000000"
              "54000000");
}

TEST(PageIndex, RoundTrip) {
    EXPECT_EQ(DecodePageIndex(Payload(Sample()), 150), Sample());
    const PageIndex nothing{{5, 5}, {}, {}};
    EXPECT_EQ(DecodePageIndex(Payload(nothing), 0), nothing);
    const PageIndex no_text{{5, 7}, {0, 0}, {}};
    EXPECT_EQ(DecodePageIndex(Payload(no_text), 0), no_text);
}

TEST(PageIndex, RefusesWhatDoesNotAddUp) {
    EXPECT_EQ(Problem(Payload(Sample()), 151),
              "The blocks' bytes add up to 150, the object has 151.");
    EXPECT_EQ(Problem(Payload(Sample()), 99), "The blocks' bytes exceed the object's 99.");
    EXPECT_EQ(Problem(Payload({{7, 10}, {100, UINT64_MAX, 51}, {{40, 0}}}), 150),
              "The blocks' bytes exceed the object's 150.");
}

TEST(PageIndex, RefusesFramesThatDoNotFit) {
    EXPECT_EQ(Problem(Payload({{7, 10}, {100, 0, 50}, {}}), 150),
              "Its frames do not cover the object.");
    EXPECT_EQ(Problem(Payload({{7, 8}, {0}, {{40, 0}}}), 0), "Its frames do not cover the object.");
    EXPECT_EQ(Problem(Payload({{7, 10}, {100, 0, 50}, {{40, 100}}}), 150),
              "Its frames are not in order.");
    EXPECT_EQ(Problem(Payload({{7, 10}, {100, 0, 50}, {{40, 0}, {40, 100}}}), 150),
              "Its frames are not in order.");
    EXPECT_EQ(Problem(Payload({{7, 10}, {100, 0, 50}, {{40, 0}, {90, 150}}}), 150),
              "Its frames are not in order.");
    EXPECT_EQ(Problem(Payload({{7, 10}, {100, 0, 50}, {{40, 0}, {90, 99}}}), 150),
              "The frame at byte 99 does not begin at a block.");
}

TEST(PageIndex, RefusesWrongLengths) {
    const Buffer good = Payload(Sample());
    for (size_t length = 0; length < good.size(); ++length) {
        const Buffer cut(good.begin(), good.begin() + static_cast<ptrdiff_t>(length));
        EXPECT_FALSE(Problem(cut, 150).empty()) << length;
    }
    Buffer longer = good;
    longer.push_back(std::byte{0});
    EXPECT_EQ(Problem(longer, 150), "Its length 77 does not fit 3 blocks and 2 frames.");
    Buffer wrong_trailer = good;
    SetLe32(wrong_trailer, good.size() - 4, 83);
    EXPECT_EQ(Problem(wrong_trailer, 150), "Its trailing length is wrong.");
}

TEST(PageIndex, RefusesHostileNumbers) {
    Buffer huge = Payload(Sample());
    SetLe32(huge, 4, UINT32_MAX);
    SetLe32(huge, 8, UINT32_MAX);
    EXPECT_EQ(Problem(huge, 150),
              "Its length 76 does not fit 4294967288 blocks and 4294967295 frames.");
    Buffer reversed = Payload(Sample());
    SetLe32(reversed, 0, 11);
    EXPECT_EQ(Problem(reversed, 150), "Its block range is reversed.");
    Buffer flags = Payload(Sample());
    SetLe32(flags, 12, 1);
    EXPECT_EQ(Problem(flags, 150), "Its flags are not zero.");
}

} // namespace
} // namespace lifeboat
