// lz4 frames: linked blocks of at most 1 MiB, no checksum of the content (SHA-256 and the tag
// protect it, and it would take a sixth of the speed).
#pragma once

#include "core/compress/compressor.h"

struct LZ4F_cctx_s;
struct LZ4F_dctx_s;

namespace lifeboat {

struct Lz4Space {
    Lz4Space();
    struct Free {
        void operator()(LZ4F_cctx_s* context) const noexcept;
    };
    std::unique_ptr<LZ4F_cctx_s, Free> context;
    size_t output_size;
    std::unique_ptr<std::byte[]> output;
};

class Lz4Compressor final : public Compressor {
public:
    explicit Lz4Compressor(Sink& next, CompressorCache* cache = nullptr);
    ~Lz4Compressor() override;
    void Write(Bytes bytes) override;
    void EndFrame() override;
    void Finish() override;
    [[nodiscard]] uint64_t written() const noexcept override { return written_; }

private:
    void Emit(size_t result);

    Sink& next_;
    CompressorCache* cache_;
    std::unique_ptr<Lz4Space> space_;
    bool open_ = false;
    uint64_t written_ = 0;
};

class Lz4FrameDecoder final : public FrameDecoder {
public:
    Lz4FrameDecoder();
    ~Lz4FrameDecoder() override;

private:
    struct Free {
        void operator()(LZ4F_dctx_s* context) const noexcept;
    };
    Progress DecodeSome(Bytes input, Sink& next) override;
    std::unique_ptr<LZ4F_dctx_s, Free> context_;
    Buffer output_;
};

} // namespace lifeboat
