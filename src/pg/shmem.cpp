#include "pg/shmem.h"

#include <cstring>

extern "C" {
#include <access/xlog.h>
#include <storage/ipc.h>
#include <storage/shmem.h>
#include <utils/timestamp.h>
}

namespace lifeboat::pg {
namespace {

constexpr const char* kName = "pg_lifeboat";

SharedState* state = nullptr;
shmem_request_hook_type previous_request = nullptr;
shmem_startup_hook_type previous_startup = nullptr;
bool wake_at_commit = false;

void Request() {
    if (previous_request != nullptr) previous_request();
    RequestAddinShmemSpace(MAXALIGN(sizeof(SharedState)));
    RequestNamedLWLockTranche(kName, 1);
}

void Startup() {
    if (previous_startup != nullptr) previous_startup();
    bool found = false;
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    state = static_cast<SharedState*>(ShmemInitStruct(kName, sizeof(SharedState), &found));
    if (!found) {
        std::memset(state, 0, sizeof(SharedState));
        state->lock = &GetNamedLWLockTranche(kName)->lock;
        if (!pg_strong_random(state->secret, kSecretBytes))
            ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
                            errmsg("could not make a secret of random bytes")));
    }
    LWLockRelease(AddinShmemInitLock);
}

void AtTransactionEnd(XactEvent event, void* /*arg*/) {
    if (event == XACT_EVENT_COMMIT && wake_at_commit) WakeLauncher();
    if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE) {
        wake_at_commit = false;
    }
}

} // namespace

void RequestSharedState() {
    previous_request = shmem_request_hook;
    shmem_request_hook = Request;
    previous_startup = shmem_startup_hook;
    shmem_startup_hook = Startup;
}

SharedState* Shared() { return state; }

void RegisterCommitCallback() { RegisterXactCallback(AtTransactionEnd, nullptr); }

void WakeLauncherAtCommit() { wake_at_commit = true; }

void WakeLauncher() {
    if (state == nullptr) return;
    LWLockAcquire(state->lock, LW_EXCLUSIVE);
    state->schedules_changed = true;
    if (state->launcher_latch != nullptr) SetLatch(state->launcher_latch);
    LWLockRelease(state->lock);
}

void TakeSample() {
    if (state == nullptr || RecoveryInProgress()) return;
    // The position first, the transaction id second: what is below the position then belongs to
    // older transactions only.
    const XLogRecPtr lsn = GetXLogInsertRecPtr();
    const Sample sample{lsn, U64FromFullTransactionId(ReadNextFullTransactionId())};
    const TimestampTz now = GetCurrentTimestamp();
    LWLockAcquire(state->lock, LW_EXCLUSIVE);
    SampleRing& ring = state->samples;
    ring.seconds_[ring.taken++ % kSecondSamples] = sample;
    if (ring.minutes == 0 || now < ring.last_minute ||
        TimestampDifferenceExceeds(ring.last_minute, now, 60 * 1000)) {
        ring.minutes_[ring.minutes++ % kMinuteSamples] = sample;
        ring.last_minute = now;
    }
    LWLockRelease(state->lock);
}

bool NewestSampleBefore(FullTransactionId xmin, XLogRecPtr* lref) {
    if (state == nullptr) return false;
    const uint64_t limit = U64FromFullTransactionId(xmin);
    uint64_t best = 0;
    const auto consider = [&best, limit](const Sample& sample) {
        if (sample.lsn > best && sample.next_xid <= limit) best = sample.lsn;
    };
    LWLockAcquire(state->lock, LW_SHARED);
    const SampleRing& ring = state->samples;
    std::for_each_n(ring.seconds_, std::min<uint64_t>(ring.taken, kSecondSamples), consider);
    std::for_each_n(ring.minutes_, std::min<uint32_t>(ring.minutes, kMinuteSamples), consider);
    LWLockRelease(state->lock);
    *lref = best;
    return best != 0;
}

} // namespace lifeboat::pg
