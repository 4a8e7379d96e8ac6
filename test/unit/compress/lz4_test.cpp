#include "codec_text.h"

namespace lifeboat {
namespace {

using test::Compress;
using test::DamageOf;
using test::RandomText;
using test::Stock;

TEST(Lz4, StockLz4ReadsIt) {
    const std::string text = RandomText(3000000, 14);
    EXPECT_EQ(Stock("lz4 -dcq", Compress(text, "lz4")), text);
    EXPECT_EQ(Stock("lz4 -dcq", Compress(text.substr(0, 5), "lz4")), text.substr(0, 5));
}

TEST(Lz4, ReadsWhatStockLz4Writes) {
    const std::string text = RandomText(3000000, 15);
    for (const char* program : {"lz4 -cq", "lz4 -9 -cq -B4 -BI", "lz4 -cq --content-size"}) {
        const std::string stored = Stock(program, text);
        EXPECT_EQ(test::Decompress(stored, 1000, Codec::kLz4), text) << program;
    }
}

// The frames of stock lz4 have a checksum of the content: it is looked at.
TEST(Lz4, AChecksumIsChecked) {
    std::string stored = Stock("lz4 -cq", "abc");
    stored.back() = static_cast<char>(stored.back() ^ 1);
    const auto thrown = DamageOf(stored, Codec::kLz4);
    EXPECT_EQ(thrown.code, Errc::Damaged);
    EXPECT_EQ(thrown.message, "compressed data is damaged");
    EXPECT_EQ(thrown.detail, "lz4 says: ERROR_contentChecksum_invalid.");
}

TEST(Lz4, DamagedBlocks) {
    std::string stored = Compress(std::string(1000, 'a'), "lz4");
    stored[stored.size() / 2] = '\xff';
    EXPECT_EQ(DamageOf(stored, Codec::kLz4).code, Errc::Damaged);
    // A block that claims to be larger than the frame's blocks may be.
    stored = Compress("abc", "lz4");
    stored.replace(7, 4, "\xff\xff\xff\x7f");
    EXPECT_EQ(DamageOf(stored, Codec::kLz4).detail, "lz4 says: ERROR_maxBlockSize_invalid.");
}

TEST(Lz4, RefusesOtherFrames) {
    for (const char* hex : {"502a4d1800000000" /* skippable */, "02214c18" /* legacy */, "00",
                            "28b52ffd" /* zstd */, "04224d19"}) {
        const auto bytes = FromHex(hex);
        EXPECT_EQ(DamageOf(AsText(*bytes), Codec::kLz4).detail,
                  "A frame of lz4 was expected, and there is none.")
            << hex;
    }
}

} // namespace
} // namespace lifeboat
