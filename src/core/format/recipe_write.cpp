#include <utility>

#include "core/base/error.h"
#include "core/format/names.h"
#include "core/format/recipe.h"

namespace lifeboat {
namespace {

// The blocks of an object as they are written: how much text each has taken.
class BlockLog {
public:
    explicit BlockLog(BlockRange planned) : planned_(planned), blocks_(planned) {}

    void End(uint32_t block, uint64_t raw) {
        if (block < blocks_.first || block >= blocks_.end ||
            block - blocks_.first < text_bytes_.size())
            throw Error(Errc::Internal, "block " + std::to_string(block) + " ended out of order");
        text_bytes_.resize(block - blocks_.first, 0);
        text_bytes_.push_back(raw - logged_);
        logged_ = raw;
    }
    void SetRange(BlockRange blocks) {
        if (blocks.first != planned_.first || blocks.end > planned_.end ||
            blocks.end - blocks.first < text_bytes_.size())
            throw Error(Errc::Internal, "an object's blocks can only be cut at the end");
        blocks_ = blocks;
    }
    PageIndex Finish(uint64_t raw, std::vector<FrameStart> frames) {
        if (raw != logged_)
            throw Error(Errc::Internal,
                        std::to_string(raw - logged_) + " bytes of text belong to no block");
        text_bytes_.resize(blocks_.end - blocks_.first, 0);
        return {blocks_, std::move(text_bytes_), std::move(frames)};
    }

private:
    BlockRange planned_;
    BlockRange blocks_;
    uint64_t logged_ = 0;
    std::vector<uint64_t> text_bytes_;
};

} // namespace

// The stages from the store upwards: each writes into the one declared before it.
struct ObjectWriter::State {
    State(Store& store, ObjectSpec given) : spec(std::move(given)), name(ChooseName(spec)) {
        object = store.Create(name);
        hash.emplace(*object);
        if (spec.run_key) cms.emplace(*hash, *spec.run_key);
        Sink& sealed = cms ? static_cast<Sink&>(*cms) : *hash;
        compressor = MakeCompressor(sealed, spec.compression, spec.cache);
        if (spec.identity.blocks) blocks.emplace(*spec.identity.blocks);

        const Buffer frame = EncodeIdentityFrame(spec.identity);
        if (frame.size() > kMaxIdentityBytes)
            throw Error(Errc::Internal, "an identity frame is too large");
        identity_size = frame.size();
        sealed.Write(frame);
    }

    static std::string ChooseName(ObjectSpec& spec) {
        spec.identity.codec = spec.compression.codec();
        spec.identity.window_log = spec.compression.window_log();
        spec.identity.object_id = "toc";
        if (!spec.name.empty()) return spec.name;
        std::string name = MakeObjectName(spec.run_key.has_value(), spec.compression.codec());
        spec.identity.object_id = ObjectIdOf(name);
        return name;
    }

    ObjectSpec spec;
    std::string name;
    std::unique_ptr<Sink> object;
    std::optional<HashTap> hash;
    std::optional<CmsEncryptor> cms;
    std::unique_ptr<Compressor> compressor;
    std::optional<BlockLog> blocks;
    std::vector<FrameStart> frames;
    uint64_t identity_size = 0;
    uint64_t raw = 0;
    bool frame_open = false;
};

ObjectWriter::ObjectWriter(Store& store, ObjectSpec spec)
    : state_(std::make_unique<State>(store, std::move(spec))) {}

ObjectWriter::~ObjectWriter() = default;

void ObjectWriter::Write(Bytes text) {
    if (text.empty()) return;
    State& s = *state_;
    if (!s.frame_open) s.frames.push_back({s.identity_size + s.compressor->written(), s.raw});
    s.frame_open = true;
    s.raw += text.size();
    s.compressor->Write(text);
}

void ObjectWriter::EndBlock(uint32_t block, uint64_t pending) {
    State& s = *state_;
    if (!s.blocks) throw Error(Errc::Internal, "an object without blocks was told that one ended");
    s.blocks->End(block, s.raw + pending);
    if (pending > 0 || !s.frame_open || !FrameIsFull(0)) return;
    s.compressor->EndFrame();
    s.frame_open = false;
}

bool ObjectWriter::FrameIsFull(uint64_t pending) const noexcept {
    const State& s = *state_;
    const uint64_t open = s.frame_open ? s.raw - s.frames.back().raw : 0;
    return open + pending >= s.spec.frame_bytes.value_or(s.spec.compression.frame_bytes());
}

uint64_t ObjectWriter::raw_bytes() const noexcept { return state_->raw; }

uint64_t ObjectWriter::stored_bytes() const noexcept { return state_->hash->bytes(); }

void ObjectWriter::SetBlocks(BlockRange blocks) {
    if (!state_->blocks) throw Error(Errc::Internal, "an object without blocks was given some");
    state_->blocks->SetRange(blocks);
}

ObjectRecord ObjectWriter::Finish(uint64_t rows) {
    State& s = *state_;
    ObjectRecord record;
    s.compressor->EndFrame();
    if (s.blocks) {
        const PageIndex index = s.blocks->Finish(s.raw, std::move(s.frames));
        record.blocks = index.blocks;
        Sink& sealed = s.cms ? static_cast<Sink&>(*s.cms) : *s.hash;
        sealed.Write(EncodePageIndexFrame(index));
    }
    s.compressor->Finish();
    record.name = s.name;
    record.kind = s.spec.identity.kind;
    record.stored_bytes = s.hash->bytes();
    record.raw_bytes = s.raw;
    record.rows = rows;
    record.sha256 = s.hash->Digest();
    record.origin = s.spec.identity.backup_id;
    if (s.spec.run_key) record.key_id = s.spec.run_key->Id();
    record.relation = s.spec.identity.relation;
    record.part = s.spec.identity.part;
    record.parts = record.part;
    return record;
}

ObjectRecord WriteObject(Store& store, ObjectSpec spec, Bytes content, uint64_t rows) {
    ObjectWriter writer(store, std::move(spec));
    writer.Write(content);
    return writer.Finish(rows);
}

} // namespace lifeboat
