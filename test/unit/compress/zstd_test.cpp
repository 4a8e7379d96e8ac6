#include "core/compress/zstd.h"

#include <gtest/gtest.h>

#include <random>

#include "core/base/error.h"

namespace lifeboat {
namespace {

std::string RandomText(size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>('a' + random() % 12);
    return text;
}

std::string Compress(std::string_view text, int level = kDefaultZstdLevel) {
    StringSink out;
    ZstdCompressor compressor(out, level);
    compressor.Write(AsBytes(text));
    compressor.Finish();
    return out.Take();
}

std::string Decompress(std::string_view stored, size_t piece) {
    StringSink out;
    ZstdFrameDecoder decoder;
    Bytes rest = AsBytes(stored);
    while (!rest.empty()) {
        const size_t taken = decoder.Decode(rest.first(std::min(piece, rest.size())), out);
        rest = rest.subspan(taken);
    }
    EXPECT_TRUE(decoder.frame_ended());
    return out.Take();
}

Error DamageOf(std::string_view stored) {
    DiscardSink out;
    ZstdFrameDecoder decoder;
    try {
        decoder.Decode(AsBytes(stored), out);
    } catch (const Error& error) {
        return error;
    }
    return Error(Errc::Internal, "nothing was thrown");
}

TEST(Zstd, RoundTripInPiecesOfAnySize) {
    for (const size_t size : {size_t{1}, size_t{1000}, size_t{131072}, size_t{3000000}}) {
        const std::string text = RandomText(size, 7);
        const std::string stored = Compress(text);
        EXPECT_EQ(Decompress(stored, stored.size()), text) << size;
        EXPECT_EQ(Decompress(stored, 1000), text) << size;
        EXPECT_EQ(Decompress(stored, 1), text) << size;
    }
}

TEST(Zstd, EveryLevelKeepsTheWindowReadersAllow) {
    const std::string text = RandomText(300000, 8);
    for (const int level : {-7, -1, 0, 1, 3, 19})
        EXPECT_EQ(Decompress(Compress(text, level), 100000), text) << level;
}

// Written piece by piece, the size is unknown when the window is chosen: the header names the
// level's full window.
TEST(Zstd, WindowOfTheHighestLevel) {
    StringSink out;
    ZstdCompressor compressor(out, 19);
    const std::string text = RandomText(300000, 8);
    compressor.Write(AsBytes(text).first(200000));
    compressor.Write(AsBytes(text).subspan(200000));
    compressor.Finish();
    const int window_log = 10 + (static_cast<unsigned char>(out.text()[5]) >> 3);
    EXPECT_EQ(window_log, kMaxWindowLog);
    EXPECT_EQ(Decompress(out.text(), 100000), text);
}

TEST(Zstd, LevelOutOfRange) {
    DiscardSink out;
    try {
        const ZstdCompressor compressor(out, 20);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::InvalidValue);
        EXPECT_EQ(error.message(), "zstd level 20 is out of range");
        EXPECT_EQ(error.detail(), "Levels go from -7 (fastest) to 19 (smallest).");
    }
    EXPECT_THROW(ZstdCompressor(out, -8), Error);
}

TEST(Zstd, FramesStandAlone) {
    StringSink out;
    ZstdCompressor compressor(out, 1);
    compressor.Write(AsBytes("first "));
    compressor.EndFrame();
    const uint64_t second = compressor.written();
    EXPECT_EQ(second, out.text().size());
    compressor.EndFrame(); // no empty frame
    EXPECT_EQ(compressor.written(), second);
    compressor.Write(AsBytes("second"));
    compressor.Finish();
    EXPECT_EQ(Decompress(std::string_view(out.text()).substr(second), 3), "second");
    EXPECT_EQ(Decompress(out.text(), 3), "first second");
}

TEST(Zstd, DecoderStopsAtTheEndOfTheFrame) {
    const std::string stored = Compress("abc");
    StringSink out;
    ZstdFrameDecoder decoder;
    EXPECT_EQ(decoder.Decode(AsBytes(stored + "rest"), out), stored.size());
    EXPECT_TRUE(decoder.frame_ended());
    EXPECT_EQ(decoder.Decode({}, out), 0U);
    EXPECT_EQ(decoder.Decode(AsBytes(stored).first(5), out), 5U);
    EXPECT_FALSE(decoder.frame_ended());
}

TEST(Zstd, NothingWrittenIsNothingStored) { EXPECT_EQ(Compress(""), ""); }

TEST(Zstd, EveryFrameHasAChecksum) {
    const std::string stored = Compress("abc");
    EXPECT_EQ(static_cast<unsigned char>(stored[4]) & 4U, 4U);
    std::string changed = stored;
    changed.back() = static_cast<char>(changed.back() ^ 1);
    const Error error = DamageOf(changed);
    EXPECT_EQ(error.code(), Errc::Damaged);
    EXPECT_EQ(error.message(), "compressed data is damaged");
    EXPECT_EQ(error.detail(), "zstd says: Restored data doesn't match checksum.");
}

TEST(Zstd, RefusesOtherFrames) {
    for (const char* hex :
         {"502a4d1800000000" /* skippable */, "25b52ffd00000000" /* v0.5 */, "00", "28b52ffe"}) {
        const auto bytes = FromHex(hex);
        const Error error = DamageOf(AsText(*bytes));
        EXPECT_EQ(error.detail(), "A zstd frame was expected, and there is none.") << hex;
    }
}

TEST(Zstd, RefusesAWindowThatIsTooLarge) {
    // Frame header: window descriptor 0x70 is 2^24 bytes.
    const auto bytes = FromHex("28b52ffd0470010000");
    EXPECT_EQ(DamageOf(AsText(*bytes)).detail(),
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
        ZstdFrameDecoder decoder;
        try {
            decoder.Decode(AsBytes(changed), out);
        } catch (const Error&) {
            continue;
        }
        if (!decoder.frame_ended()) continue;
        EXPECT_EQ(out.text(), text) << "bit " << bit;
    }
}

} // namespace
} // namespace lifeboat
