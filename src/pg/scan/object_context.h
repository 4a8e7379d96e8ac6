// Objects of one backup: what all of them share, and writing content that may have to be cut into
// several objects.
#pragma once

#include "core/format/recipe.h"
#include "pg/run/messages.h"
#include "pg/run/run_shared.h"

namespace lifeboat::pg {

// A part is closed at the first row boundary after so many stored bytes (an object never exceeds 1
// GiB, but for a single larger row), or after as many as the store is comfortable with.
inline constexpr uint64_t kPartBytes = 256ULL << 20;

struct ObjectContext {
    std::unique_ptr<Store> store;
    std::optional<Key> run_key;
    std::string store_id;
    std::string backup_id;
    std::string snapshot; // "xmin:xmax"
    std::string lsn;
    Compression compression;
    std::unique_ptr<CompressorCache> compressors = std::make_unique<CompressorCache>();
    RunShared* shared = nullptr;
    mutable uint64_t published_waiting = 0;
    // Where parts are noted as they are stored: a job that is left in the middle has them reported.
    std::vector<ObjectRecord>* parts_of_job = nullptr;

    // Tells the progress what the store has not acknowledged yet.
    void PublishWaiting() const;
    void NothingWaits() const; // at the end
    [[nodiscard]] ObjectSpec Spec(ObjectKind kind, uint32_t relation = 0,
                                  std::optional<BlockRange> blocks = {}, uint32_t part = 1) const;
};

// Opens the store as this process sees it. Snapshot and LSN are filled in by the caller.
ObjectContext MakeObjectContext(const LeaderRequest& request, RunShared* shared,
                                Interrupt& interrupt);

// One content in one object, or in several parts when it grows large: all say the same block range,
// and the content is theirs one after the other. Adds what it stores to the run's progress.
class PartedObject {
public:
    PartedObject(const ObjectContext& context, ObjectKind kind, uint32_t relation,
                 std::optional<BlockRange> blocks);
    PartedObject(const PartedObject&) = delete;
    PartedObject& operator=(const PartedObject&) = delete;
    ~PartedObject();
    void Write(Bytes text);
    // So many more rows are complete. True when the part is large enough to end here.
    bool EndRows(uint64_t rows);
    // Ends the part: everything of its rows has been written. `block` is where the last one lies.
    void EndPart(uint32_t block);
    // Does a frame end with the next block, when so many more bytes have been written?
    [[nodiscard]] bool FrameIsFull(uint64_t pending) const;
    // All rows of this block have been written, but for so many bytes that are still to come.
    void EndBlock(uint32_t block, uint64_t pending);
    std::vector<ObjectRecord> Finish();

private:
    void Open();
    void ClosePart();
    void Publish();

    const ObjectContext& context_;
    ObjectKind kind_;
    uint32_t relation_;
    std::optional<BlockRange> blocks_;
    std::unique_ptr<ObjectWriter> writer_;
    std::vector<ObjectRecord> records_;
    uint64_t part_bytes_ = kPartBytes;
    uint64_t rows_ = 0;             // of the open part
    uint64_t published_raw_ = 0;    // of the open part, in the run's progress
    uint64_t published_stored_ = 0; // likewise
};

// A whole content that arrives as a stream: the schema archive, globals.
class ObjectSink final : public Sink {
public:
    ObjectSink(const ObjectContext& context, ObjectKind kind)
        : object_(context, kind, 0, std::nullopt) {}
    void Write(Bytes bytes) override;
    void Finish() override {}
    ObjectRecord FinishObject();

private:
    PartedObject object_;
};

// Many SQL statements, each on a line of its own that ends with ";".
class SqlObject {
public:
    SqlObject(const ObjectContext& context, ObjectKind kind)
        : object_(context, kind, 0, std::nullopt) {}
    void Statement(std::string_view sql); // without the ";"
    [[nodiscard]] uint64_t statements() const noexcept { return statements_; }
    std::vector<ObjectRecord> Finish();

private:
    void Flush();
    PartedObject object_;
    std::string pending_;
    uint64_t pending_statements_ = 0;
    uint64_t statements_ = 0;
};

} // namespace lifeboat::pg
