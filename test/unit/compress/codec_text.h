// What the tests of all codecs share.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <random>

#include "core/compress/compressor.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace lifeboat::test {

inline std::string RandomText(size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>('a' + random() % 12);
    return text;
}

inline std::string Compress(std::string_view text, const std::string& compression = "zstd:1") {
    StringSink out;
    const auto compressor = MakeCompressor(out, Compression::Parse(compression));
    compressor->Write(AsBytes(text));
    compressor->Finish();
    return out.Take();
}

inline std::string Decompress(std::string_view stored, size_t piece, Codec codec = Codec::kZstd,
                              int window_log = kWindowLog) {
    StringSink out;
    const auto decoder = MakeFrameDecoder(codec, window_log);
    Bytes rest = AsBytes(stored);
    while (!rest.empty()) {
        const size_t taken = decoder->Decode(rest.first(std::min(piece, rest.size())), out);
        rest = rest.subspan(taken);
    }
    EXPECT_TRUE(decoder->frame_ended());
    return out.Take();
}

inline Thrown DamageOf(std::string_view stored, Codec codec = Codec::kZstd) {
    DiscardSink out;
    const auto decoder = MakeFrameDecoder(codec, kWindowLog);
    return Catch([&] { decoder->Decode(AsBytes(stored), out); });
}

// What a stock program makes of it; its exit status must be 0.
inline std::string Stock(const std::string& program, std::string_view stored) {
    const TempDir temp;
    WriteFile(temp.path() + "/stored", std::string(stored));
    const std::string command = program + " '" + temp.path() + "/stored'";
    FILE* pipe = popen(command.c_str(), "r"); // NOLINT(cert-env33-c): commands of these tests
    std::string output;
    char piece[65536];
    while (const size_t got = fread(piece, 1, sizeof(piece), pipe)) output.append(piece, got);
    EXPECT_EQ(pclose(pipe), 0) << command;
    return output;
}

} // namespace lifeboat::test
