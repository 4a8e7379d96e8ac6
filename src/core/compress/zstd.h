// zstd frames (RFC 8878) with content checksum.
#pragma once

#include "core/compress/compressor.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace lifeboat {

struct ZstdSpace {
    ZstdSpace();
    struct Free {
        void operator()(ZSTD_CCtx_s* context) const noexcept;
    };
    std::unique_ptr<ZSTD_CCtx_s, Free> context;
    std::unique_ptr<std::byte[]> gathered;
    std::unique_ptr<std::byte[]> output;
};

// A frame of the usual size is compressed in one call, which is a tenth faster than in pieces and
// keeps its window as small as its text; a larger one is streamed.
class ZstdCompressor final : public Compressor {
public:
    ZstdCompressor(Sink& next, const Compression& compression, CompressorCache* cache = nullptr);
    ~ZstdCompressor() override;
    void Write(Bytes bytes) override;
    void EndFrame() override;
    void Finish() override;
    [[nodiscard]] uint64_t written() const noexcept override { return written_; }

private:
    void Stream(Bytes input, int directive);
    void CompressGathered();
    void Emit(size_t size);

    Sink& next_;
    CompressorCache* cache_;
    std::unique_ptr<ZstdSpace> space_;
    size_t gathered_ = 0;
    bool streaming_ = false;
    uint64_t written_ = 0;
};

class ZstdFrameDecoder final : public FrameDecoder {
public:
    explicit ZstdFrameDecoder(int window_log = kWindowLog);
    ~ZstdFrameDecoder() override;

private:
    struct Free {
        void operator()(ZSTD_DCtx_s* context) const noexcept;
    };
    Progress DecodeSome(Bytes input, Sink& next) override;
    std::unique_ptr<ZSTD_DCtx_s, Free> context_;
    Buffer output_;
};

} // namespace lifeboat
