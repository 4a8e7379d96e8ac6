#include <random>

#include "codec_text.h"

namespace lifeboat {
namespace {

using test::Compress;
using test::DamageOf;
using test::Decompress;
using test::RandomText;
using test::Stock;

int WindowLog(std::string_view stored) { // of a frame whose size is unknown
    return 10 + (static_cast<unsigned char>(stored[5]) >> 3);
}
bool IsSingleSegment(std::string_view stored) {
    return (static_cast<unsigned char>(stored[4]) & 0x20U) != 0;
}

// A frame of the usual size is compressed at once: its decoder needs no more memory than its text,
// whatever the level and the distance.
TEST(Zstd, WindowOfAUsualFrame) {
    for (const char* compression : {"zstd:19", "zstd:19,long"})
        EXPECT_TRUE(IsSingleSegment(Compress(RandomText(1200000, 8), compression))) << compression;
}

// Of a larger one, the size is unknown when the window is chosen: the header names the level's.
TEST(Zstd, WindowOfALargeFrame) {
    const std::string text = RandomText(1700000, 8);
    EXPECT_EQ(WindowLog(Compress(text, "zstd:1")), 19);
    EXPECT_EQ(WindowLog(Compress(text, "zstd:19")), kWindowLog);
    const std::string far = Compress(text, "zstd:1,long");
    EXPECT_EQ(WindowLog(far), kLongWindowLog);
    EXPECT_EQ(Decompress(far, 100000, Codec::kZstd, kLongWindowLog), text);
    EXPECT_EQ(DamageOf(far).detail, "zstd says: Frame requires too much memory for decoding.");
}

TEST(Zstd, LongDistanceFindsWhatIsFarApart) {
    const std::string once = RandomText(3000000, 16);
    const std::string twice = once + once;
    const size_t plain = Compress(twice, "zstd:1").size();
    const std::string far = Compress(twice, "zstd:1,long");
    EXPECT_LT(far.size(), plain * 6 / 10);
    EXPECT_EQ(Stock("zstd -dcq", far), twice);
}

TEST(Zstd, EveryFrameHasAChecksum) {
    const std::string stored = Compress("abc");
    EXPECT_EQ(static_cast<unsigned char>(stored[4]) & 4U, 4U);
    std::string changed = stored;
    changed.back() = static_cast<char>(changed.back() ^ 1);
    const auto thrown = DamageOf(changed);
    EXPECT_EQ(thrown.code, Errc::Damaged);
    EXPECT_EQ(thrown.message, "compressed data is damaged");
    EXPECT_EQ(thrown.detail, "zstd says: Restored data doesn't match checksum.");
}

TEST(Zstd, RefusesOtherFrames) {
    for (const char* hex :
         {"502a4d1800000000" /* skippable */, "25b52ffd00000000" /* v0.5 */, "00", "28b52ffe"}) {
        const auto bytes = FromHex(hex);
        const auto thrown = DamageOf(AsText(*bytes));
        EXPECT_EQ(thrown.detail, "A frame of zstd was expected, and there is none.") << hex;
    }
}

TEST(Zstd, RefusesAWindowThatIsTooLarge) {
    // Frame header: window descriptor 0x70 is 2^24 bytes.
    const auto bytes = FromHex("28b52ffd0470010000");
    EXPECT_EQ(DamageOf(AsText(*bytes)).detail,
              "zstd says: Frame requires too much memory for decoding.");
}

// Bit flips must be noticed or harmless (a reserved bit that libzstd ignores), never give other
// content.
TEST(Zstd, FlippedBitsNeverChangeTheContent) {
    const std::string text = RandomText(300, 9);
    const std::string stored = Compress(text);
    for (size_t bit = 0; bit < stored.size() * 8; ++bit) {
        std::string changed = stored;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
        StringSink out(100000);
        const auto decoder = MakeFrameDecoder(Codec::kZstd, kWindowLog);
        try {
            decoder->Decode(AsBytes(changed), out);
        } catch (const Error&) {
            continue;
        }
        if (!decoder->frame_ended()) continue;
        EXPECT_EQ(out.text(), text) << "bit " << bit;
    }
}

} // namespace
} // namespace lifeboat
