#include "core/format/frame_reader.h"

#include <algorithm>
#include <utility>

#include "core/format/damaged.h"

namespace lifeboat {
namespace {

constexpr std::string_view kWhat = "object";

std::string Hex32(uint32_t value) {
    Buffer bytes;
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes.push_back(static_cast<std::byte>(value >> shift & 0xFF));
    return "0x" + ToHex(bytes);
}

} // namespace

void FrameReader::BoundedText::Write(Bytes bytes) {
    bytes_ += bytes.size();
    if (bytes_ > limit_)
        ThrowDamaged(kWhat, "It holds more than the " + std::to_string(limit_) +
                                " bytes of text the manifest says.");
    next_.Write(bytes);
}

FrameReader::FrameReader(Sink& text, Expect expect)
    : text_(text, expect.raw_limit), expect_(std::move(expect)) {}

void FrameReader::Write(Bytes bytes) {
    while (!bytes.empty()) {
        switch (stage_) {
        case Stage::kMagic:
            Collect(bytes, 4);
            if (pending_.size() == 4) BeginFrame();
            break;
        case Stage::kLength:
            Collect(bytes, 4);
            if (pending_.size() == 4) BeginPayload();
            break;
        case Stage::kPayload:
            Collect(bytes, payload_size_);
            if (pending_.size() == payload_size_) EndPayload();
            break;
        case Stage::kText: DecodeText(bytes); break;
        }
    }
}

void FrameReader::Collect(Bytes& bytes, size_t want) {
    const Bytes head = bytes.first(std::min(bytes.size(), want - pending_.size()));
    pending_.insert(pending_.end(), head.begin(), head.end());
    bytes = bytes.subspan(head.size());
    position_ += head.size();
}

// The order of frames is checked here, before anything of the frame is read.
void FrameReader::BeginFrame() {
    magic_ = ReadLe32(pending_);
    if (index_seen_) ThrowDamaged(kWhat, "Bytes follow its page index.");
    if (!identity_ && magic_ != kIdentityMagic)
        ThrowDamaged(kWhat, "It does not begin with an identity frame.");
    if (identity_ && magic_ == kIdentityMagic)
        ThrowDamaged(kWhat, "It has a second identity frame.");
    if (magic_ == kPageIndexMagic && !expect_.page_index)
        ThrowDamaged(kWhat, "It has a page index, but the manifest gives it no blocks.");
    if (identity_ && magic_ == FrameMagic(identity_->codec)) {
        frames_.push_back({position_ - 4, text_.bytes()});
        stage_ = Stage::kText;
        const Buffer magic = std::exchange(pending_, {});
        decoder_->Decode(magic, text_);
        return;
    }
    if (magic_ != kIdentityMagic && magic_ != kPageIndexMagic)
        ThrowDamaged(kWhat, "It has a frame of an unknown type " + Hex32(magic_) + ".");
    pending_.clear();
    stage_ = Stage::kLength;
}

void FrameReader::BeginPayload() {
    payload_size_ = ReadLe32(pending_);
    const size_t limit = magic_ == kIdentityMagic ? kMaxIdentityBytes : kMaxPageIndexBytes;
    if (payload_size_ == 0 || payload_size_ > limit)
        ThrowDamaged(kWhat, "A frame " + Hex32(magic_) + " of " + std::to_string(payload_size_) +
                                " bytes is not possible.");
    pending_.clear();
    stage_ = Stage::kPayload;
}

void FrameReader::EndPayload() {
    const Buffer payload = std::exchange(pending_, {});
    stage_ = Stage::kMagic;
    if (magic_ == kIdentityMagic) {
        identity_ = ParseIdentity(AsText(payload));
        if (expect_.identity) expect_.identity(*identity_);
        decoder_ = MakeFrameDecoder(identity_->codec, identity_->window_log);
        return;
    }
    index_seen_ = true;
    index_ = DecodePageIndex(payload, text_.bytes());
    if (index_->frames != frames_)
        ThrowDamaged("page index", "Its frames are not those of the object.");
}

void FrameReader::DecodeText(Bytes& bytes) {
    const size_t used = decoder_->Decode(bytes, text_);
    position_ += used;
    bytes = bytes.subspan(used);
    if (decoder_->frame_ended()) stage_ = Stage::kMagic;
}

void FrameReader::Finish() {
    if (stage_ != Stage::kMagic || !pending_.empty() || !identity_)
        ThrowDamaged(kWhat, "It ends too early.");
    if (expect_.page_index && !index_seen_) ThrowDamaged(kWhat, "Its page index is missing.");
    if (text_.bytes() != expect_.raw_limit)
        ThrowDamaged(kWhat, "It holds " + std::to_string(text_.bytes()) +
                                " bytes of text, the manifest says " +
                                std::to_string(expect_.raw_limit) + ".");
}

} // namespace lifeboat
