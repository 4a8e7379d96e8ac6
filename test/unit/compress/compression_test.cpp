#include "core/compress/compression.h"

#include "codec_text.h"

namespace lifeboat {
namespace {

using test::Catch;
using Method = Compression::Method;

TEST(Compression, ParsesAndPrintsItsNormalForm) {
    const struct {
        const char* text;
        Compression is;
        const char* printed;
    } kCases[] = {
        {"none", {Method::kNone}, "none"},
        {"lz4", {Method::kLz4}, "lz4"},
        {"zstd", {}, "zstd:1"},
        {"zstd:1", {}, "zstd:1"},
        {"zstd:19", {Method::kZstd, 19}, "zstd:19"},
        {"zstd:-7", {Method::kZstd, -7}, "zstd:-7"},
        {"zstd:03", {Method::kZstd, 3}, "zstd:3"},
        {"zstd,long", {Method::kZstd, 1, true}, "zstd:1,long"},
        {"zstd:-1,long", {Method::kZstd, -1, true}, "zstd:-1,long"},
    };
    for (const auto& [text, is, printed] : kCases) {
        EXPECT_EQ(Compression::Parse(text), is) << text;
        EXPECT_EQ(is.Print(), printed);
        EXPECT_EQ(Compression::ParsePrinted(printed), is);
        EXPECT_EQ(Compression::ParsePrinted(text).has_value(), text == std::string_view(printed));
    }
}

TEST(Compression, RefusesWhatItDoesNotKnow) {
    for (const char* text :
         {"", "gzip", "zstd:", "zstd:0", "zstd:20", "zstd:-8", "zstd:1 ", "zstd:+1", "zstd:1,",
          "zstd:1,long,long", "zstd:99999999999999", "zstd1", "zstd:,long", "lz4:1", "lz4,long",
          "none,long", "NONE", "Zstd", "zstd:1,LONG"}) {
        EXPECT_FALSE(Compression::ParsePrinted(text)) << text;
        const auto thrown = Catch([&] { Compression::Parse(text); });
        EXPECT_EQ(thrown.code, Errc::InvalidValue);
        EXPECT_EQ(thrown.message, "compression \"" + std::string(text) + "\" is not known");
        EXPECT_EQ(thrown.detail,
                  "Levels of zstd go from -7 (fastest) to 19 (smallest); there is no 0.");
        EXPECT_EQ(thrown.hint,
                  "Write none, lz4 or zstd:1; zstd:1,long also finds repetitions that are far "
                  "apart, and takes more memory.");
    }
}

TEST(Compression, WhatAReaderMustKnow) {
    EXPECT_EQ(Compression::Parse("none").codec(), Codec::kZstd);
    EXPECT_EQ(Compression::Parse("lz4").codec(), Codec::kLz4);
    EXPECT_EQ(Compression::Parse("zstd:19").window_log(), 23);
    EXPECT_EQ(Compression::Parse("zstd:1,long").window_log(), 27);
    EXPECT_EQ(Compression::Parse("zstd:19").frame_bytes(), 1U << 20);
    EXPECT_EQ(Compression::Parse("zstd:1,long").frame_bytes(), 1U << 27);
    for (const Codec codec : {Codec::kZstd, Codec::kLz4})
        EXPECT_EQ(ParseCodec(CodecName(codec)), codec);
    EXPECT_FALSE(ParseCodec("gzip"));
}

} // namespace
} // namespace lifeboat
