// Text in, frames out, and back. Every frame stands alone.
#pragma once

#include <memory>

#include "core/compress/compression.h"
#include "core/io/stream.h"

namespace lifeboat {

class Compressor : public Sink {
public:
    // Ends the current frame, if one is open; the next Write begins another.
    virtual void EndFrame() = 0;
    // Bytes that went to the next stage: all of them when no frame is open.
    [[nodiscard]] virtual uint64_t written() const noexcept = 0;
};

struct ZstdSpace;
struct Lz4Space;

// What compressors need megabytes of, kept from one object to the next: there are databases of
// many thousand small tables. Belongs to one thread, and outlives the compressors it was given to.
class CompressorCache {
public:
    CompressorCache();
    ~CompressorCache();
    CompressorCache(const CompressorCache&) = delete;
    CompressorCache& operator=(const CompressorCache&) = delete;

    std::unique_ptr<ZstdSpace> zstd;
    std::unique_ptr<Lz4Space> lz4;
};

std::unique_ptr<Compressor> MakeCompressor(Sink& next, const Compression& compression,
                                           CompressorCache* cache = nullptr);

// One frame at a time: feed it bytes until it says the frame has ended. Frames of its own kind
// only: a skippable frame is Error(Damaged), its reader has to look at the magic first.
class FrameDecoder {
public:
    virtual ~FrameDecoder() = default;
    // Decodes into `next`; returns how many bytes of `input` belong to the frame. Throws
    // Error(Damaged).
    size_t Decode(Bytes input, Sink& next);
    [[nodiscard]] bool frame_ended() const noexcept { return ended_; }

protected:
    explicit FrameDecoder(Codec codec) : codec_(codec) {}
    struct Progress {
        size_t taken;
        bool ended;
    };

private:
    virtual Progress DecodeSome(Bytes input, Sink& next) = 0;
    void CheckMagic(Bytes input);

    Codec codec_;
    size_t magic_seen_ = 0;
    bool ended_ = true;
};

// `window_log`: a zstd frame that wants a larger window is Error(Damaged).
std::unique_ptr<FrameDecoder> MakeFrameDecoder(Codec codec, int window_log);

} // namespace lifeboat
