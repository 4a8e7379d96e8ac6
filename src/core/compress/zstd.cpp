#include "core/compress/zstd.h"

#include <zstd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/error.h"

namespace lifeboat {
namespace {

// A frame ends at the first block boundary after kFrameBytes: the rest is for that block's text.
constexpr size_t kGatherBytes = kFrameBytes + (512U << 10);
constexpr size_t kOutputBytes = ZSTD_COMPRESSBOUND(kGatherBytes);

size_t CheckCompress(size_t result) {
    if (ZSTD_isError(result) != 0) {
        throw Error(Errc::Internal,
                    std::string("could not compress: ") + ZSTD_getErrorName(result));
    }
    return result;
}

} // namespace

void ZstdSpace::Free::operator()(ZSTD_CCtx_s* context) const noexcept { ZSTD_freeCCtx(context); }

ZstdSpace::ZstdSpace()
    : context(ZSTD_createCCtx()),
      gathered(std::make_unique_for_overwrite<std::byte[]>(kGatherBytes)),
      output(std::make_unique_for_overwrite<std::byte[]>(kOutputBytes)) {
    if (!context) throw Error(Errc::OutOfMemory, "out of memory for a zstd compressor");
}

ZstdCompressor::ZstdCompressor(Sink& next, const Compression& compression, CompressorCache* cache)
    : next_(next), cache_(cache) {
    if (cache_ != nullptr) space_ = std::move(cache_->zstd);
    if (!space_) space_ = std::make_unique<ZstdSpace>();
    ZSTD_CCtx* context = space_->context.get();
    CheckCompress(ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters));
    const auto set = [&](ZSTD_cParameter parameter, int value) {
        CheckCompress(ZSTD_CCtx_setParameter(context, parameter, value));
    };
    set(ZSTD_c_compressionLevel, compression.level);
    set(ZSTD_c_checksumFlag, 1);
    if (!compression.long_distance) return;
    set(ZSTD_c_enableLongDistanceMatching, 1);
    set(ZSTD_c_windowLog, compression.window_log());
}

ZstdCompressor::~ZstdCompressor() {
    if (cache_ != nullptr) cache_->zstd = std::move(space_);
}

void ZstdCompressor::Write(Bytes bytes) {
    if (!streaming_ && bytes.size() <= kGatherBytes - gathered_) {
        std::copy(bytes.begin(), bytes.end(), space_->gathered.get() + gathered_);
        gathered_ += bytes.size();
        return;
    }
    streaming_ = true;
    Stream(Bytes(space_->gathered.get(), std::exchange(gathered_, 0)), ZSTD_e_continue);
    Stream(bytes, ZSTD_e_continue);
}

void ZstdCompressor::EndFrame() {
    if (streaming_) Stream({}, ZSTD_e_end);
    if (gathered_ > 0) CompressGathered();
    streaming_ = false;
}

void ZstdCompressor::Finish() {
    EndFrame();
    next_.Finish();
}

void ZstdCompressor::CompressGathered() {
    const size_t size =
        CheckCompress(ZSTD_compress2(space_->context.get(), space_->output.get(), kOutputBytes,
                                     space_->gathered.get(), std::exchange(gathered_, 0)));
    Emit(size);
}

void ZstdCompressor::Stream(Bytes input, int directive) {
    const auto end = static_cast<ZSTD_EndDirective>(directive);
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    for (;;) {
        ZSTD_outBuffer out{space_->output.get(), ZSTD_CStreamOutSize(), 0};
        const size_t left =
            CheckCompress(ZSTD_compressStream2(space_->context.get(), &out, &in, end));
        if (out.pos > 0) Emit(out.pos);
        const bool done = end == ZSTD_e_end ? left == 0 : in.pos == in.size;
        if (done) return;
    }
}

void ZstdCompressor::Emit(size_t size) {
    written_ += size;
    next_.Write(Bytes(space_->output.get(), size));
}

void ZstdFrameDecoder::Free::operator()(ZSTD_DCtx_s* context) const noexcept {
    ZSTD_freeDCtx(context);
}

ZstdFrameDecoder::ZstdFrameDecoder(int window_log)
    : FrameDecoder(Codec::kZstd), context_(ZSTD_createDCtx()), output_(ZSTD_DStreamOutSize()) {
    if (!context_) throw Error(Errc::OutOfMemory, "out of memory for a zstd decompressor");
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, window_log);
}

ZstdFrameDecoder::~ZstdFrameDecoder() = default;

FrameDecoder::Progress ZstdFrameDecoder::DecodeSome(Bytes input, Sink& next) {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    for (;;) {
        ZSTD_outBuffer out{output_.data(), output_.size(), 0};
        const size_t left = ZSTD_decompressStream(context_.get(), &out, &in);
        if (ZSTD_isError(left) != 0) {
            throw Error(Errc::Damaged, "compressed data is damaged",
                        std::string("zstd says: ") + ZSTD_getErrorName(left) + ".");
        }
        if (out.pos > 0) next.Write(Bytes(output_).first(out.pos));
        if (left == 0 || (in.pos == in.size && out.pos < out.size)) return {in.pos, left == 0};
    }
}

} // namespace lifeboat
