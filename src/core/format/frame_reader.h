// The inside of an object, after decryption: an identity frame, frames of text, perhaps a page
// index,
// and nothing else.
#pragma once

#include <functional>

#include "core/compress/compressor.h"
#include "core/format/page_index.h"

namespace lifeboat {

// Takes the object's plain bytes in pieces of any size; the text flows into `text`, never more than
// `raw_limit` bytes. Finish() checks that the object is whole. It does not finish `text`. Throws
// Error(Damaged).
class FrameReader final : public Sink {
public:
    struct Expect {
        uint64_t raw_limit = 0;
        bool page_index = false;
        std::function<void(const Identity&)>
            identity; // called once, before any text flows; may throw
    };
    FrameReader(Sink& text, Expect expect);
    void Write(Bytes bytes) override;
    void Finish() override;

    [[nodiscard]] const Identity& identity() const { return *identity_; }
    // After Finish(), when one was expected.
    std::optional<PageIndex> TakeIndex() { return std::move(index_); }

private:
    // Counts and bounds what comes out of the decompressor.
    class BoundedText final : public Sink {
    public:
        BoundedText(Sink& next, uint64_t limit) : next_(next), limit_(limit) {}
        void Write(Bytes bytes) override;
        void Finish() override {}
        [[nodiscard]] uint64_t bytes() const noexcept { return bytes_; }

    private:
        Sink& next_;
        uint64_t limit_;
        uint64_t bytes_ = 0;
    };
    enum class Stage { kMagic, kLength, kPayload, kText };

    void Collect(Bytes& bytes, size_t want);
    void BeginFrame();
    void BeginPayload();
    void EndPayload();
    void DecodeText(Bytes& bytes);

    BoundedText text_;
    Expect expect_;
    std::unique_ptr<FrameDecoder> decoder_; // since the identity is known
    Stage stage_ = Stage::kMagic;
    uint32_t magic_ = 0;
    size_t payload_size_ = 0;
    Buffer pending_; // magic, length or payload so far
    uint64_t position_ = 0;
    std::optional<Identity> identity_;
    bool index_seen_ = false;
    std::vector<FrameStart> frames_;
    std::optional<PageIndex> index_;
};

} // namespace lifeboat
