#include "core/format/page_index.h"

#include "core/base/error.h"
#include "core/format/damaged.h"

namespace lifeboat {
namespace {

// Payload: first block, end block, number of frames, flags (0): 4 bytes each; then 8 bytes per
// block; then 16 bytes per frame; then 4 bytes: the length of the whole frame.
constexpr size_t kFrameHeader = 8;
constexpr size_t kFixed = 16;
constexpr size_t kPerBlock = 8;
constexpr size_t kPerFrame = 16;
constexpr size_t kTrailer = 4;
constexpr std::string_view kWhat = "page index";

void AppendFrameHeader(Buffer& out, uint32_t magic, size_t payload) {
    AppendLe32(out, magic);
    AppendLe32(out, static_cast<uint32_t>(payload));
}

// Reads numbers one after the other; the caller has checked that they are there.
class Cursor {
public:
    explicit Cursor(Bytes bytes) : rest_(bytes) {}
    uint32_t U32() {
        const uint32_t value = ReadLe32(rest_);
        rest_ = rest_.subspan(4);
        return value;
    }
    uint64_t U64() {
        const uint64_t value = ReadLe64(rest_);
        rest_ = rest_.subspan(8);
        return value;
    }

private:
    Bytes rest_;
};

void CheckTextBytes(const PageIndex& index, uint64_t raw_bytes) {
    uint64_t sum = 0;
    for (const uint64_t bytes : index.text_bytes)
        if (bytes > raw_bytes || __builtin_add_overflow(sum, bytes, &sum))
            ThrowDamaged(
                kWhat, "The blocks' bytes exceed the object's " + std::to_string(raw_bytes) + ".");
    if (sum != raw_bytes)
        ThrowDamaged(kWhat, "The blocks' bytes add up to " + std::to_string(sum) +
                                ", the object has " + std::to_string(raw_bytes) + ".");
}

// Frames begin at 0, rise, end before raw_bytes, and each begins where a block's text does.
void CheckFrames(const PageIndex& index, uint64_t raw_bytes) {
    if (index.frames.empty() != (raw_bytes == 0))
        ThrowDamaged(kWhat, "Its frames do not cover the object.");
    size_t block = 0;
    uint64_t block_start = 0;
    const FrameStart* before = nullptr;
    for (const FrameStart& frame : index.frames) {
        const bool rises = before == nullptr
                               ? frame.raw == 0
                               : frame.raw > before->raw && frame.stored > before->stored;
        if (!rises || frame.raw >= raw_bytes) ThrowDamaged(kWhat, "Its frames are not in order.");
        while (block < index.text_bytes.size() && block_start < frame.raw)
            block_start += index.text_bytes[block++];
        if (block_start != frame.raw)
            ThrowDamaged(kWhat, "The frame at byte " + std::to_string(frame.raw) +
                                    " does not begin at a block.");
        before = &frame;
    }
}

} // namespace

Buffer EncodeIdentityFrame(const Identity& identity) {
    const std::string json = IdentityJson(identity);
    Buffer frame;
    frame.reserve(kFrameHeader + json.size());
    AppendFrameHeader(frame, kIdentityMagic, json.size());
    const Bytes bytes = AsBytes(json);
    frame.insert(frame.end(), bytes.begin(), bytes.end());
    return frame;
}

Buffer EncodePageIndexFrame(const PageIndex& index) {
    const size_t payload =
        kFixed + index.text_bytes.size() * kPerBlock + index.frames.size() * kPerFrame + kTrailer;
    if (payload > kMaxPageIndexBytes)
        throw Error(Errc::Internal,
                    "a page index of " + std::to_string(payload) + " bytes is too large");
    Buffer frame;
    frame.reserve(kFrameHeader + payload);
    AppendFrameHeader(frame, kPageIndexMagic, payload);
    AppendLe32(frame, index.blocks.first);
    AppendLe32(frame, index.blocks.end);
    AppendLe32(frame, static_cast<uint32_t>(index.frames.size()));
    AppendLe32(frame, 0);
    for (const uint64_t bytes : index.text_bytes) AppendLe64(frame, bytes);
    for (const FrameStart& start : index.frames) {
        AppendLe64(frame, start.stored);
        AppendLe64(frame, start.raw);
    }
    AppendLe32(frame, static_cast<uint32_t>(kFrameHeader + payload));
    return frame;
}

PageIndex DecodePageIndex(Bytes payload, uint64_t raw_bytes) {
    if (payload.size() < kFixed + kTrailer || payload.size() > kMaxPageIndexBytes)
        ThrowDamaged(kWhat, "Its length " + std::to_string(payload.size()) + " is not possible.");
    Cursor cursor(payload);
    PageIndex index;
    index.blocks.first = cursor.U32();
    index.blocks.end = cursor.U32();
    const uint64_t frames = cursor.U32();
    if (cursor.U32() != 0) ThrowDamaged(kWhat, "Its flags are not zero.");
    if (index.blocks.first > index.blocks.end) ThrowDamaged(kWhat, "Its block range is reversed.");
    const uint64_t blocks = index.blocks.end - index.blocks.first;
    if (payload.size() != kFixed + blocks * kPerBlock + frames * kPerFrame + kTrailer)
        ThrowDamaged(kWhat, "Its length " + std::to_string(payload.size()) + " does not fit " +
                                std::to_string(blocks) + " blocks and " + std::to_string(frames) +
                                " frames.");
    index.text_bytes.reserve(blocks);
    for (uint64_t i = 0; i < blocks; ++i) index.text_bytes.push_back(cursor.U64());
    index.frames.reserve(frames);
    for (uint64_t i = 0; i < frames; ++i) {
        const uint64_t stored = cursor.U64();
        index.frames.push_back({stored, cursor.U64()});
    }
    if (cursor.U32() != payload.size() + kFrameHeader)
        ThrowDamaged(kWhat, "Its trailing length is wrong.");
    CheckTextBytes(index, raw_bytes);
    CheckFrames(index, raw_bytes);
    return index;
}

} // namespace lifeboat
