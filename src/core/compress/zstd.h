// zstd, streaming, frame by frame (RFC 8878). Content checksum on, window at most 8 MiB.
#pragma once

#include <memory>

#include "core/io/stream.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace lifeboat {

inline constexpr int kDefaultZstdLevel = 1;
inline constexpr int kMaxWindowLog = 23; // 8 MiB

class ZstdCompressor final : public Sink {
public:
    // Level -7 … 19.
    ZstdCompressor(Sink& next, int level);
    ~ZstdCompressor() override;
    void Write(Bytes bytes) override;
    // Ends the current frame, if one is open; the next Write begins another.
    void EndFrame();
    void Finish() override;                                              // EndFrame and finish next
    [[nodiscard]] uint64_t written() const noexcept { return written_; } // compressed bytes so far

private:
    void Drain(Bytes input, int directive);
    struct Free {
        void operator()(ZSTD_CCtx_s* context) const noexcept;
    };
    Sink& next_;
    std::unique_ptr<ZSTD_CCtx_s, Free> context_;
    Buffer output_;
    uint64_t written_ = 0;
    bool open_ = false;
};

// One frame at a time: feed it bytes until it says the frame has ended. Zstandard frames only: a
// skippable frame is Error(Damaged), its reader has to look at the magic first.
class ZstdFrameDecoder {
public:
    ZstdFrameDecoder();
    ~ZstdFrameDecoder();
    // Decodes into `next`; returns how many bytes of `input` belong to the frame. Throws
    // Error(Damaged).
    size_t Decode(Bytes input, Sink& next);
    [[nodiscard]] bool frame_ended() const noexcept { return ended_; }

private:
    struct Free {
        void operator()(ZSTD_DCtx_s* context) const noexcept;
    };
    void CheckMagic(Bytes input);
    std::unique_ptr<ZSTD_DCtx_s, Free> context_;
    Buffer output_;
    size_t magic_seen_ = 0;
    bool ended_ = true;
};

} // namespace lifeboat
