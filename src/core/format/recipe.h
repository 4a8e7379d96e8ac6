// The one place that orders the stages, both ways:
//   write: rows → frames (identity first, page index last) → CMS (if a key) → SHA-256 → store
//   read:  store → SHA-256 and size → CMS → frames → identity checked → rows → sink
// (In format/, not io/, because it needs every stage's header: the include direction is base ← io ←
// stages ← format.)
#pragma once

#include "core/compress/compressor.h"
#include "core/crypto/cms.h"
#include "core/format/page_index.h"
#include "core/io/taps.h"
#include "core/store/store.h"

namespace lifeboat {

struct ObjectSpec {
    Identity identity; // object_id, codec and window are filled in by the writer
    std::string name;  // empty: a fresh object name; given: a toc
    std::optional<Key> run_key;
    Compression compression;
    CompressorCache* cache = nullptr;    // of this thread, if it writes many objects
    std::optional<uint64_t> frame_bytes; // unset: as the compression wants it
};

class ObjectWriter {
public:
    // Chooses the object's name and begins to write it (the identity frame flows at once).
    ObjectWriter(Store& store, ObjectSpec spec);
    ~ObjectWriter();
    void Write(Bytes text);
    // All rows of this heap block (and of those before it in the range) have been written, but for
    // the last `pending` bytes, which come with the next Write(). A full frame ends here when
    // nothing is pending.
    void EndBlock(uint32_t block, uint64_t pending = 0);
    // Is so much more text enough to end the frame?
    [[nodiscard]] bool FrameIsFull(uint64_t pending) const noexcept;
    [[nodiscard]] uint64_t raw_bytes() const noexcept;
    [[nodiscard]] uint64_t stored_bytes() const noexcept; // so far
    // A segment that grew too large is cut: the blocks this object ends with. They begin where the
    // identity's do and end no later (the identity has been written: it keeps the planned range).
    void SetBlocks(BlockRange blocks);
    // Durable and visible afterwards. Page index only when the identity has blocks.
    ObjectRecord Finish(uint64_t rows);

private:
    struct State;
    std::unique_ptr<State> state_;
};

// Writes one object in one call.
ObjectRecord WriteObject(Store& store, ObjectSpec spec, Bytes content, uint64_t rows);

struct ReadContext {
    KeyLookup keys;                         // unset: no key was given
    std::vector<std::string> origin_stores; // accepted store ids
    Interrupt* interrupt = nullptr;         // required
    std::atomic<uint64_t>* done = nullptr;  // counts stored bytes as they are read
};

struct ReadResult {
    Identity identity;
    std::optional<PageIndex> index;
    uint64_t raw_bytes = 0;
    uint64_t lines = 0;
};

// Streams the object's content into `rows` and finishes it only after size, SHA-256, tag, frames
// and identity all match the record. What has flowed before a throw must not be kept.
// Error(Damaged) names the object and what differs; Error(KeyMissing) the key id.
ReadResult ReadObject(Store& store, const ObjectRecord& record, const ReadContext& context,
                      Sink& rows);

// Stored bytes only: size and SHA-256 (no key needed).
void CheckObjectHash(Store& store, const ObjectRecord& record, Interrupt& interrupt,
                     std::atomic<uint64_t>* done = nullptr);
// Looks them up, several at a time: are they there, and as large as the manifest says? `present`
// counts those before the first that is not, which is what is thrown.
void CheckObjectsPresent(Store& store, std::span<const ObjectRecord> records, Interrupt& interrupt,
                         size_t* present = nullptr);

} // namespace lifeboat
