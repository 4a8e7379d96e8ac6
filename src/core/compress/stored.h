// No compression: zstd frames (RFC 8878) of raw blocks, so that every reader of zstd reads them.
// The text goes by uncopied; the frames have no content checksum (SHA-256 and the tag protect it).
#pragma once

#include "core/compress/compressor.h"

namespace lifeboat {

class StoredCompressor final : public Compressor {
public:
    explicit StoredCompressor(Sink& next) : next_(next) {}
    void Write(Bytes bytes) override; // at least one block for each
    void EndFrame() override;
    void Finish() override;
    [[nodiscard]] uint64_t written() const noexcept override { return written_; }

private:
    void Emit(Bytes bytes);
    void EmitBlockHeader(size_t size, bool last);

    Sink& next_;
    bool open_ = false;
    uint64_t written_ = 0;
};

} // namespace lifeboat
