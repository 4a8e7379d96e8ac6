// What holds for every way of keeping text.
#include "codec_text.h"

namespace lifeboat {
namespace {

using test::RandomText;
using test::Stock;

class Codecs : public testing::TestWithParam<const char*> {
protected:
    Compression compression_ = Compression::Parse(GetParam());
    std::string Compress(std::string_view text) { return test::Compress(text, GetParam()); }
    std::string Decompress(std::string_view stored, size_t piece) {
        return test::Decompress(stored, piece, compression_.codec(), compression_.window_log());
    }
};
INSTANTIATE_TEST_SUITE_P(, Codecs,
                         testing::Values("none", "lz4", "zstd:-7", "zstd:-1", "zstd:1", "zstd:3",
                                         "zstd:19", "zstd:1,long"));

TEST_P(Codecs, RoundTripInPiecesOfAnySize) {
    for (const size_t size : {size_t{1}, size_t{1000}, size_t{131072}, size_t{1700000}}) {
        const std::string text = RandomText(size, 7);
        const std::string stored = Compress(text);
        EXPECT_EQ(Decompress(stored, stored.size()), text) << size;
        EXPECT_EQ(Decompress(stored, 1000), text) << size;
        if (size < 200000) {
            EXPECT_EQ(Decompress(stored, 1), text) << size;
        }
    }
}

TEST_P(Codecs, HowItIsWrittenDoesNotMatter) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const std::string text = RandomText(2000000, seed);
    StringSink out;
    const auto compressor = MakeCompressor(out, compression_);
    std::string_view rest = text;
    while (!rest.empty()) {
        const size_t most = random() % 4 == 0 ? 1000000 : 1000;
        const size_t size = std::min<size_t>(random() % most, rest.size());
        compressor->Write(AsBytes(rest.substr(0, size)));
        rest.remove_prefix(size);
        if (random() % 50 == 0) compressor->EndFrame();
    }
    compressor->Finish();
    EXPECT_EQ(compressor->written(), out.text().size());
    EXPECT_EQ(Decompress(out.text(), 100000), text);
}

TEST_P(Codecs, FramesStandAlone) {
    StringSink out;
    const auto compressor = MakeCompressor(out, compression_);
    compressor->Write(AsBytes("first "));
    compressor->EndFrame();
    const uint64_t second = compressor->written();
    EXPECT_EQ(second, out.text().size());
    compressor->EndFrame(); // no empty frame
    EXPECT_EQ(compressor->written(), second);
    compressor->Write({});
    compressor->EndFrame();
    EXPECT_EQ(compressor->written(), second);
    compressor->Write(AsBytes("second"));
    compressor->Finish();
    EXPECT_EQ(Decompress(std::string_view(out.text()).substr(second), 3), "second");
    EXPECT_EQ(Decompress(out.text(), 3), "first second");
}

TEST_P(Codecs, NothingWrittenIsNothingStored) { EXPECT_EQ(Compress(""), ""); }

TEST_P(Codecs, DecoderStopsAtTheEndOfTheFrame) {
    const std::string stored = Compress("abc");
    StringSink out;
    const auto decoder = MakeFrameDecoder(compression_.codec(), compression_.window_log());
    EXPECT_EQ(decoder->Decode(AsBytes(stored + "rest"), out), stored.size());
    EXPECT_TRUE(decoder->frame_ended());
    EXPECT_EQ(decoder->Decode({}, out), 0U);
    EXPECT_EQ(decoder->Decode(AsBytes(stored).first(5), out), 5U);
    EXPECT_FALSE(decoder->frame_ended());
}

// One object of a worker after the other, of all kinds, also ones that were given up half-way.
TEST_P(Codecs, ACacheChangesNothing) {
    CompressorCache cache;
    const std::string text = RandomText(1700000, 11);
    for (const char* other : {"zstd:3,long", "lz4", "none", "zstd:-7"}) {
        DiscardSink nothing;
        const auto given_up = MakeCompressor(nothing, Compression::Parse(other), &cache);
        given_up->Write(AsBytes(text));
        given_up->Write(AsBytes(text).first(1000));
    }
    for (const size_t size : {text.size(), size_t{1000}}) {
        StringSink out;
        const auto compressor = MakeCompressor(out, compression_, &cache);
        // Two at a time share nothing.
        const auto between = MakeCompressor(out, compression_, &cache);
        compressor->Write(AsBytes(text).first(size));
        compressor->Finish();
        EXPECT_EQ(out.text(), Compress(text.substr(0, size)));
    }
}

// docs/recovery-without-lifeboat.md: `zstd -dc`, without options, whatever the store is made of;
// it passes over the identity frame and the page index.
TEST_P(Codecs, StockZstdReadsIt) {
    const std::string text = RandomText(2000000, 12);
    const std::string skippable("\x5b\x2a\x4d\x18\x02\0\0\0{}", 10);
    const std::string frames = Compress(text.substr(0, 1700000)) + Compress(text.substr(1700000));
    EXPECT_EQ(Stock("zstd -dcq", skippable + frames + skippable), text);
}

TEST_P(Codecs, EveryTruncationIsSeen) {
    const std::string stored = Compress(RandomText(300, 13));
    for (size_t size = 1; size < stored.size(); ++size) {
        StringSink out;
        const auto decoder = MakeFrameDecoder(compression_.codec(), compression_.window_log());
        EXPECT_EQ(decoder->Decode(AsBytes(stored).first(size), out), size);
        EXPECT_FALSE(decoder->frame_ended()) << size;
    }
}

TEST_P(Codecs, FlippedBitsAreErrorsOrHarmless) {
    const std::string stored = Compress(RandomText(300, 9));
    for (size_t bit = 0; bit < stored.size() * 8; ++bit) {
        std::string changed = stored;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
        StringSink out(1U << 24);
        const auto decoder = MakeFrameDecoder(compression_.codec(), compression_.window_log());
        const auto thrown = test::Catch([&] { decoder->Decode(AsBytes(changed), out); });
        EXPECT_TRUE(thrown.message == "nothing was thrown" || thrown.code == Errc::Damaged)
            << "bit " << bit << ": " << thrown.message;
    }
}

} // namespace
} // namespace lifeboat
