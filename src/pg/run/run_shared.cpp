#include "pg/run/run_shared.h"

#include <cstring>

extern "C" {
#include <storage/latch.h>
#include <storage/proc.h>
#include <storage/procarray.h>
#include <storage/shmem.h>
}

namespace lifeboat::pg {
namespace {

Size SegmentSize(size_t request_bytes) {
    shm_toc_estimator estimator;
    shm_toc_initialize_estimator(&estimator);
    shm_toc_estimate_chunk(&estimator, sizeof(RunShared));
    shm_toc_estimate_chunk(&estimator, sizeof(SharedText) + request_bytes);
    shm_toc_estimate_chunk(&estimator, sizeof(SharedText) + kLeaderRequestBytes);
    shm_toc_estimate_chunk(&estimator, kQueueBytes);
    shm_toc_estimate_keys(&estimator, 4);
    return shm_toc_estimate(&estimator);
}

void InitAtomics(RunShared* shared) {
    pg_atomic_init_u32(&shared->state, static_cast<uint32_t>(RunState::kStarting));
    pg_atomic_init_u32(&shared->cancel_requested, 0);
    pg_atomic_init_u32(&shared->starter_waits, 0);
    pg_atomic_init_u32(&shared->starter_gone, 0);
    pg_atomic_init_u32(&shared->phase, static_cast<uint32_t>(RunPhase::kNone));
    pg_atomic_init_u32(&shared->workers, 0);
    pg_atomic_init_u32(&shared->lock_holder, 0);
    for (pg_atomic_uint64* counter :
         {&shared->bytes_total, &shared->bytes_done, &shared->rows_done, &shared->raw_bytes,
          &shared->stored_bytes, &shared->waiting_bytes, &shared->objects_done}) {
        pg_atomic_init_u64(counter, 0);
    }
}

RunShared* AddShared(shm_toc* toc, int64_t run_id) {
    auto* shared = static_cast<RunShared*>(shm_toc_allocate(toc, sizeof(RunShared)));
    std::memset(static_cast<void*>(shared), 0, sizeof(RunShared));
    shared->magic = kRunMagic;
    shared->run_id = run_id;
    SpinLockInit(&shared->lock);
    InitAtomics(shared);
    shared->starter_pid = MyProcPid;
    shm_toc_insert(toc, kTocShared, shared);
    return shared;
}

void AddText(shm_toc* toc, uint64_t key, std::string_view text, size_t room) {
    auto* shared = static_cast<SharedText*>(shm_toc_allocate(toc, sizeof(SharedText) + room));
    shared->length = text.size();
    if (!text.empty()) std::memcpy(shared->data, text.data(), text.size());
    shm_toc_insert(toc, key, shared);
}

// Clips at a character's start, so that a UTF-8 text stays one.
void CopyClipped(char* into, size_t room, std::string_view text) noexcept {
    size_t length = std::min(text.size(), room - 1);
    while (length > 0 && length < text.size() &&
           (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U)
        --length;
    std::memcpy(into, text.data(), length);
    into[length] = '\0';
}

} // namespace

const char* RunPhaseName(RunPhase phase) {
    switch (phase) {
    case RunPhase::kSnapshot: return "snapshot";
    case RunPhase::kSchema: return "schema";
    case RunPhase::kData: return "data";
    case RunPhase::kLargeObjects: return "large_objects";
    case RunPhase::kManifest: return "manifest";
    case RunPhase::kVerify: return "verify";
    case RunPhase::kPrune: return "prune";
    case RunPhase::kPreflight: return "preflight";
    case RunPhase::kSequences: return "sequences";
    case RunPhase::kIndexes: return "indexes";
    case RunPhase::kFinish: return "finish";
    case RunPhase::kCopy: return "copy";
    case RunPhase::kNone: break;
    }
    return nullptr;
}

std::optional<RunPhase> ParseRunPhase(std::string_view name) {
    for (auto number = uint32_t{0}; number <= static_cast<uint32_t>(RunPhase::kCopy); ++number) {
        const auto phase = static_cast<RunPhase>(number);
        const char* known = RunPhaseName(phase);
        if (known != nullptr && name == known) return phase;
    }
    return std::nullopt;
}

RunSegment CreateRunSegment(int64_t run_id, std::string_view request) {
    RunSegment run;
    const Size size = SegmentSize(request.size());
    run.segment = dsm_create(size, 0);
    run.toc = shm_toc_create(kRunMagic, dsm_segment_address(run.segment), size);
    run.shared = AddShared(run.toc, run_id);
    AddText(run.toc, kTocRequest, request, request.size());
    AddText(run.toc, kTocLeaderRequest, {}, kLeaderRequestBytes);
    void* queue = shm_toc_allocate(run.toc, kQueueBytes);
    shm_mq_create(queue, kQueueBytes);
    shm_toc_insert(run.toc, kTocQueue, queue);
    return run;
}

RunSegment AttachRunSegment(dsm_handle handle, int64_t run_id) {
    RunSegment run;
    const bool mapped = dsm_find_mapping(handle) != nullptr;
    run.segment = mapped ? dsm_find_mapping(handle) : dsm_attach(handle);
    if (run.segment == nullptr) return {};
    if (dsm_segment_map_length(run.segment) > sizeof(RunShared)) {
        run.toc = shm_toc_attach(kRunMagic, dsm_segment_address(run.segment));
    }
    if (run.toc != nullptr)
        run.shared = static_cast<RunShared*>(shm_toc_lookup(run.toc, kTocShared, true));
    if (run.shared != nullptr && run.shared->magic == kRunMagic && run.shared->run_id == run_id)
        return run;
    if (!mapped) dsm_detach(run.segment);
    return {};
}

void SetRunError(RunShared* shared, std::string_view sqlstate, std::string_view message,
                 std::string_view detail, std::string_view hint) noexcept {
    SpinLockAcquire(&shared->lock);
    CopyClipped(shared->error.sqlstate, sizeof(shared->error.sqlstate), sqlstate);
    CopyClipped(shared->error.message, sizeof(shared->error.message), message);
    CopyClipped(shared->error.detail, sizeof(shared->error.detail), detail);
    CopyClipped(shared->error.hint, sizeof(shared->error.hint), hint);
    SpinLockRelease(&shared->lock);
}

void WakeProcess(pid_t pid) noexcept {
    PGPROC* process = pid == 0 ? nullptr : BackendPidGetProc(pid);
    if (process != nullptr) SetLatch(&process->procLatch);
}

} // namespace lifeboat::pg
