#include "pg/scan/object_context.h"

#include "core/store/location.h"
#include "pg/bridge/open_store.h"

namespace lifeboat::pg {
namespace {

constexpr uint64_t kMostParts = 65536;
constexpr uint64_t kLeastLarge = 16ULL << 20; // is never too small
constexpr size_t kStatementBuffer = 256 * 1024;

} // namespace

ObjectSpec ObjectContext::Spec(ObjectKind kind, uint32_t relation, std::optional<BlockRange> blocks,
                               uint32_t part) const {
    ObjectSpec spec;
    spec.identity.store_id = store_id;
    spec.identity.backup_id = backup_id;
    spec.identity.kind = kind;
    spec.identity.relation = relation;
    spec.identity.blocks = blocks;
    spec.identity.part = part;
    spec.identity.snapshot = snapshot;
    spec.identity.lsn = lsn;
    spec.run_key = run_key;
    spec.compression = compression;
    spec.cache = compressors.get();
    return spec;
}

void ObjectContext::PublishWaiting() const {
    const uint64_t waiting = store->BytesWaiting();
    pg_atomic_fetch_add_u64(&shared->waiting_bytes,
                            static_cast<int64_t>(waiting - published_waiting));
    published_waiting = waiting;
}

void ObjectContext::NothingWaits() const {
    pg_atomic_fetch_sub_u64(&shared->waiting_bytes, static_cast<int64_t>(published_waiting));
    published_waiting = 0;
}

ObjectContext MakeObjectContext(const LeaderRequest& request, RunShared* shared,
                                Interrupt& interrupt) {
    ObjectContext context;
    context.store =
        OpenInServer(ParseLocation(request.store_url), request.store_options, interrupt);
    if (shared->has_run_key) {
        context.run_key = Key::FromBytes(std::as_bytes(std::span(shared->run_key)));
    }
    context.store_id = request.store_id;
    context.backup_id = request.backup_id;
    context.compression = request.compression;
    context.shared = shared;
    return context;
}

PartedObject::PartedObject(const ObjectContext& context, ObjectKind kind, uint32_t relation,
                           std::optional<BlockRange> blocks)
    : context_(context), kind_(kind), relation_(relation), blocks_(blocks) {}

PartedObject::~PartedObject() = default;

void PartedObject::Open() {
    const auto part = static_cast<uint32_t>(records_.size() + 1);
    writer_ = std::make_unique<ObjectWriter>(*context_.store,
                                             context_.Spec(kind_, relation_, blocks_, part));
}

void PartedObject::Write(Bytes text) {
    if (text.empty()) return;
    if (!writer_) Open();
    writer_->Write(text);
    Publish();
}

void PartedObject::Publish() {
    const uint64_t raw = writer_->raw_bytes();
    const uint64_t stored = writer_->stored_bytes();
    pg_atomic_fetch_add_u64(&context_.shared->raw_bytes,
                            static_cast<int64_t>(raw - published_raw_));
    pg_atomic_fetch_add_u64(&context_.shared->stored_bytes,
                            static_cast<int64_t>(stored - published_stored_));
    published_raw_ = raw;
    published_stored_ = stored;
    context_.PublishWaiting();
    // Many small parts of a large backup would make a manifest that nobody can hold.
    const uint64_t least =
        std::min(pg_atomic_read_u64(&context_.shared->bytes_total) / kMostParts, kLeastLarge);
    part_bytes_ = std::min(kPartBytes, std::max(context_.store->ComfortableBytes(), least));
}

bool PartedObject::EndRows(uint64_t rows) {
    rows_ += rows;
    if (kind_ == ObjectKind::kData || kind_ == ObjectKind::kConfig) {
        pg_atomic_fetch_add_u64(&context_.shared->rows_done, static_cast<int64_t>(rows));
    }
    return writer_ && writer_->stored_bytes() >= part_bytes_;
}

void PartedObject::EndPart(uint32_t block) {
    if (blocks_) writer_->EndBlock(block);
    ClosePart();
}

bool PartedObject::FrameIsFull(uint64_t pending) const {
    return writer_ ? writer_->FrameIsFull(pending) : pending >= context_.compression.frame_bytes();
}

void PartedObject::EndBlock(uint32_t block, uint64_t pending) {
    if (!writer_ && pending == 0) return;
    if (!writer_) Open();
    writer_->EndBlock(block, pending);
}

void PartedObject::ClosePart() {
    ObjectRecord record = writer_->Finish(rows_);
    pg_atomic_fetch_add_u64(&context_.shared->stored_bytes,
                            static_cast<int64_t>(record.stored_bytes - published_stored_));
    pg_atomic_fetch_add_u64(&context_.shared->objects_done, 1);
    records_.push_back(std::move(record));
    if (context_.parts_of_job != nullptr) context_.parts_of_job->push_back(records_.back());
    writer_.reset();
    rows_ = published_raw_ = published_stored_ = 0;
}

std::vector<ObjectRecord> PartedObject::Finish() {
    if (!writer_ && records_.empty()) Open();
    if (writer_) ClosePart();
    for (ObjectRecord& record : records_) record.parts = static_cast<uint32_t>(records_.size());
    return std::move(records_);
}

void ObjectSink::Write(Bytes bytes) { object_.Write(bytes); }

ObjectRecord ObjectSink::FinishObject() { return std::move(object_.Finish().front()); }

void SqlObject::Statement(std::string_view sql) {
    pending_.append(sql).append(";\n");
    ++pending_statements_;
    ++statements_;
    if (pending_.size() >= kStatementBuffer) Flush();
}

void SqlObject::Flush() {
    object_.Write(AsBytes(pending_));
    if (object_.EndRows(pending_statements_)) object_.EndPart(0);
    pending_.clear();
    pending_statements_ = 0;
}

std::vector<ObjectRecord> SqlObject::Finish() {
    Flush();
    return object_.Finish();
}

} // namespace lifeboat::pg
