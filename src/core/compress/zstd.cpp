#include "core/compress/zstd.h"

#include <zstd.h>

#include <array>
#include <string>

#include "core/base/error.h"

namespace lifeboat {
namespace {

constexpr int kMinLevel = -7;
constexpr int kMaxLevel = 19; // above, windows grow past kMaxWindowLog
constexpr std::array kMagic = {std::byte{0x28}, std::byte{0xB5}, std::byte{0x2F}, std::byte{0xFD}};

size_t CheckCompress(size_t result) {
    if (ZSTD_isError(result) != 0) {
        throw Error(Errc::Internal,
                    std::string("could not compress: ") + ZSTD_getErrorName(result));
    }
    return result;
}

[[noreturn]] void ThrowDamaged(std::string detail) {
    throw Error(Errc::Damaged, "compressed data is damaged", std::move(detail));
}

} // namespace

void ZstdCompressor::Free::operator()(ZSTD_CCtx_s* context) const noexcept {
    ZSTD_freeCCtx(context);
}

ZstdCompressor::ZstdCompressor(Sink& next, int level)
    : next_(next), context_(ZSTD_createCCtx()), output_(ZSTD_CStreamOutSize()) {
    if (level < kMinLevel || level > kMaxLevel) {
        throw Error(Errc::InvalidValue, "zstd level " + std::to_string(level) + " is out of range",
                    "Levels go from -7 (fastest) to 19 (smallest).");
    }
    if (!context_) throw Error(Errc::OutOfMemory, "out of memory for a zstd compressor");
    CheckCompress(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level));
    CheckCompress(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1));
}

ZstdCompressor::~ZstdCompressor() = default;

void ZstdCompressor::Write(Bytes bytes) {
    if (bytes.empty()) return;
    open_ = true;
    Drain(bytes, ZSTD_e_continue);
}

void ZstdCompressor::EndFrame() {
    if (!open_) return;
    Drain({}, ZSTD_e_end);
    open_ = false;
}

void ZstdCompressor::Finish() {
    EndFrame();
    next_.Finish();
}

void ZstdCompressor::Drain(Bytes input, int directive) {
    const auto end = static_cast<ZSTD_EndDirective>(directive);
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    for (;;) {
        ZSTD_outBuffer out{output_.data(), output_.size(), 0};
        const size_t left = CheckCompress(ZSTD_compressStream2(context_.get(), &out, &in, end));
        if (out.pos > 0) {
            written_ += out.pos;
            next_.Write(Bytes(output_).first(out.pos));
        }
        const bool done = end == ZSTD_e_end ? left == 0 : in.pos == in.size;
        if (done) return;
    }
}

void ZstdFrameDecoder::Free::operator()(ZSTD_DCtx_s* context) const noexcept {
    ZSTD_freeDCtx(context);
}

ZstdFrameDecoder::ZstdFrameDecoder() : context_(ZSTD_createDCtx()), output_(ZSTD_DStreamOutSize()) {
    if (!context_) throw Error(Errc::OutOfMemory, "out of memory for a zstd decompressor");
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
}

ZstdFrameDecoder::~ZstdFrameDecoder() = default;

size_t ZstdFrameDecoder::Decode(Bytes input, Sink& next) {
    if (input.empty()) return 0;
    if (ended_) magic_seen_ = 0;
    ended_ = false;
    CheckMagic(input);
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    for (;;) {
        ZSTD_outBuffer out{output_.data(), output_.size(), 0};
        const size_t left = ZSTD_decompressStream(context_.get(), &out, &in);
        if (ZSTD_isError(left) != 0)
            ThrowDamaged(std::string("zstd says: ") + ZSTD_getErrorName(left) + ".");
        if (out.pos > 0) next.Write(Bytes(output_).first(out.pos));
        ended_ = left == 0;
        if (ended_ || (in.pos == in.size && out.pos < out.size)) return in.pos;
    }
}

// libzstd would also pass over skippable frames and might read formats from before 1.0: neither has
// a place here.
void ZstdFrameDecoder::CheckMagic(Bytes input) {
    for (size_t i = 0; i < input.size() && magic_seen_ < kMagic.size(); ++i, ++magic_seen_) {
        if (input[i] != kMagic[magic_seen_])
            ThrowDamaged("A zstd frame was expected, and there is none.");
    }
}

} // namespace lifeboat
