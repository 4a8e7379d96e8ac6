#include "core/compress/compressor.h"

#include "core/base/error.h"
#include "core/compress/lz4.h"
#include "core/compress/stored.h"
#include "core/compress/zstd.h"

namespace lifeboat {

CompressorCache::CompressorCache() = default;
CompressorCache::~CompressorCache() = default;

std::unique_ptr<Compressor> MakeCompressor(Sink& next, const Compression& compression,
                                           CompressorCache* cache) {
    switch (compression.method) {
    case Compression::Method::kNone: return std::make_unique<StoredCompressor>(next);
    case Compression::Method::kLz4: return std::make_unique<Lz4Compressor>(next, cache);
    case Compression::Method::kZstd: break;
    }
    return std::make_unique<ZstdCompressor>(next, compression, cache);
}

std::unique_ptr<FrameDecoder> MakeFrameDecoder(Codec codec, int window_log) {
    if (codec == Codec::kLz4) return std::make_unique<Lz4FrameDecoder>();
    return std::make_unique<ZstdFrameDecoder>(window_log);
}

size_t FrameDecoder::Decode(Bytes input, Sink& next) {
    if (input.empty()) return 0;
    if (ended_) magic_seen_ = 0;
    ended_ = false;
    CheckMagic(input);
    const Progress progress = DecodeSome(input, next);
    ended_ = progress.ended;
    return progress.taken;
}

// The libraries would also pass over skippable frames and might read older formats: neither has a
// place here.
void FrameDecoder::CheckMagic(Bytes input) {
    constexpr size_t kMagicSize = 4;
    const uint32_t magic = FrameMagic(codec_);
    for (size_t i = 0; i < input.size() && magic_seen_ < kMagicSize; ++i, ++magic_seen_) {
        if (input[i] == static_cast<std::byte>(magic >> 8 * magic_seen_ & 0xFF)) continue;
        throw Error(
            Errc::Damaged, "compressed data is damaged",
            "A frame of " + std::string(CodecName(codec_)) + " was expected, and there is none.");
    }
}

} // namespace lifeboat
