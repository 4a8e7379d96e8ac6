#include "pg/run/run_context.h"

#include "pg/bridge/session_settings.h"

extern "C" {
#include <postmaster/interrupt.h>
#include <storage/latch.h>
#include <storage/pmsignal.h>
#include <storage/procarray.h>
#include <utils/timestamp.h>
}

namespace lifeboat::pg {

void RunStop::SetTimeout(int64_t milliseconds) {
    timeout_ms_ = milliseconds;
    deadline_ =
        milliseconds == 0 ? 0 : TimestampTzPlusMilliseconds(GetCurrentTimestamp(), milliseconds);
}

void RunStop::Check() {
    if (!armed_) return;
    if (ProcDiePending) reason_ = StopReason::kTerminated;
    if (QueryCancelPending) reason_ = StopReason::kCancelled;
    if (InterruptPending) CheckInterrupts();
    if (!PostmasterIsAlive()) {
        reason_ = StopReason::kTerminated;
        throw Error::WithSqlState("57P02", "the postmaster has died");
    }
    if (pg_atomic_read_u32(&shared_->cancel_requested) != 0) {
        reason_ = StopReason::kCancelled;
        throw Error(Errc::Cancelled, "the run was cancelled");
    }
    const TimestampTz now = GetCurrentTimestamp();
    if (deadline_ != 0 && now >= deadline_) {
        reason_ = StopReason::kTimeout;
        throw Error(
            Errc::Cancelled,
            "the run took longer than its timeout of " + std::to_string(timeout_ms_ / 1000) + " s",
            "", "Raise the timeout: SELECT backup_alter_schedule('…', timeout => '4 hours');");
    }
    if (TimestampDifferenceExceeds(starter_checked_, now, 500)) {
        starter_checked_ = now;
        CheckStarter();
    }
}

void RunStop::CheckStarter() {
    if (pg_atomic_read_u32(&shared_->starter_waits) == 0) return;
    const bool gone = pg_atomic_read_u32(&shared_->starter_gone) != 0 ||
                      BackendPidGetProc(shared_->starter_pid) == nullptr;
    if (!gone) return;
    reason_ = StopReason::kCancelled;
    throw Error(Errc::Cancelled, "the session that waited for the run has ended");
}

void RunStop::Disarm() noexcept {
    armed_ = false;
    ProcDiePending = 0;
    QueryCancelPending = 0;
    InterruptPending = 0;
}

void WaitRun(RunStop& stop, int timeout_ms) {
    stop.Check();
    WaitAndReload(timeout_ms);
    stop.Check();
}

void SetRunState(RunShared* shared, RunState state) noexcept {
    pg_atomic_write_u32(&shared->state, static_cast<uint32_t>(state));
    WakeProcess(shared->starter_pid);
}

void SetRunPhase(RunShared* shared, RunPhase phase) noexcept {
    pg_atomic_write_u32(&shared->phase, static_cast<uint32_t>(phase));
}

void SetDataStart(RunShared* shared) noexcept {
    const TimestampTz now = GetCurrentTimestamp();
    SpinLockAcquire(&shared->lock);
    shared->data_at = now;
    SpinLockRelease(&shared->lock);
}

void SetRunBackupId(RunShared* shared, const std::string& backup_id) noexcept {
    SpinLockAcquire(&shared->lock);
    strlcpy(shared->backup_id, backup_id.c_str(), sizeof(shared->backup_id));
    SpinLockRelease(&shared->lock);
}

} // namespace lifeboat::pg
