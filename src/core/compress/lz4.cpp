#include "core/compress/lz4.h"

#include <lz4frame.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/error.h"

namespace lifeboat {
namespace {

constexpr size_t kPiece = 256U << 10;

constexpr LZ4F_preferences_t Preferences() noexcept {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.blockSizeID = LZ4F_max1MB;
    preferences.frameInfo.blockMode = LZ4F_blockLinked;
    return preferences;
}
constexpr LZ4F_preferences_t kPreferences = Preferences();

} // namespace

void Lz4Space::Free::operator()(LZ4F_cctx_s* context) const noexcept {
    LZ4F_freeCompressionContext(context);
}

Lz4Space::Lz4Space()
    : output_size(LZ4F_compressBound(kPiece, &kPreferences)),
      output(std::make_unique_for_overwrite<std::byte[]>(output_size)) {
    LZ4F_cctx* made = nullptr;
    if (LZ4F_isError(LZ4F_createCompressionContext(&made, LZ4F_VERSION)) != 0)
        throw Error(Errc::OutOfMemory, "out of memory for an lz4 compressor");
    context.reset(made);
}

Lz4Compressor::Lz4Compressor(Sink& next, CompressorCache* cache) : next_(next), cache_(cache) {
    if (cache_ != nullptr) space_ = std::move(cache_->lz4);
    if (!space_) space_ = std::make_unique<Lz4Space>();
}

Lz4Compressor::~Lz4Compressor() {
    if (cache_ != nullptr) cache_->lz4 = std::move(space_);
}

void Lz4Compressor::Write(Bytes bytes) {
    if (bytes.empty()) return;
    Lz4Space& s = *space_;
    if (!open_)
        Emit(LZ4F_compressBegin(s.context.get(), s.output.get(), s.output_size, &kPreferences));
    open_ = true;
    while (!bytes.empty()) {
        const Bytes piece = bytes.first(std::min(kPiece, bytes.size()));
        Emit(LZ4F_compressUpdate(s.context.get(), s.output.get(), s.output_size, piece.data(),
                                 piece.size(), nullptr));
        bytes = bytes.subspan(piece.size());
    }
}

void Lz4Compressor::EndFrame() {
    if (!open_) return;
    Lz4Space& s = *space_;
    Emit(LZ4F_compressEnd(s.context.get(), s.output.get(), s.output_size, nullptr));
    open_ = false;
}

void Lz4Compressor::Finish() {
    EndFrame();
    next_.Finish();
}

void Lz4Compressor::Emit(size_t result) {
    if (LZ4F_isError(result) != 0) {
        throw Error(Errc::Internal,
                    std::string("could not compress: ") + LZ4F_getErrorName(result));
    }
    if (result == 0) return;
    written_ += result;
    next_.Write(Bytes(space_->output.get(), result));
}

void Lz4FrameDecoder::Free::operator()(LZ4F_dctx_s* context) const noexcept {
    LZ4F_freeDecompressionContext(context);
}

Lz4FrameDecoder::Lz4FrameDecoder() : FrameDecoder(Codec::kLz4), output_(kPiece) {
    LZ4F_dctx* made = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)) != 0)
        throw Error(Errc::OutOfMemory, "out of memory for an lz4 decompressor");
    context_.reset(made);
}

Lz4FrameDecoder::~Lz4FrameDecoder() = default;

FrameDecoder::Progress Lz4FrameDecoder::DecodeSome(Bytes input, Sink& next) {
    size_t taken = 0;
    for (;;) {
        size_t made = output_.size();
        size_t used = input.size() - taken;
        const size_t left = LZ4F_decompress(context_.get(), output_.data(), &made,
                                            input.data() + taken, &used, nullptr);
        if (LZ4F_isError(left) != 0) {
            throw Error(Errc::Damaged, "compressed data is damaged",
                        std::string("lz4 says: ") + LZ4F_getErrorName(left) + ".");
        }
        taken += used;
        if (made > 0) next.Write(Bytes(output_).first(made));
        if (left == 0 || (taken == input.size() && made < output_.size()))
            return {taken, left == 0};
    }
}

} // namespace lifeboat
