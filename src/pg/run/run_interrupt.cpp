#include "pg/run/run_interrupt.h"

#include <cstdio>
#include <cstring>

#include "pg/bridge/bridge.h"
#include "pg/compat.h"

extern "C" {
#include <storage/latch.h>
#include <storage/pmsignal.h>
#include <storage/procarray.h>
#include <utils/backend_status.h>
#include <utils/pidfile.h>
#include <utils/timestamp.h>
#include <utils/wait_event.h>
}

namespace lifeboat::pg {
namespace {

// True once a period, for checks that cost something.
bool Due(TimestampTz* last, int period_ms) {
    const TimestampTz now = GetCurrentTimestamp();
    if (*last != 0 && !TimestampDifferenceExceeds(*last, now, period_ms)) return false;
    *last = now;
    return true;
}

// The postmaster says in its lock file that a shutdown was asked for. (It is in the server's
// working directory.)
bool ServerIsStopping() {
    FILE* file = std::fopen("postmaster.pid", "r");
    if (file == nullptr) return false;
    char line[1024] = "";
    for (int i = 0; i < LOCK_FILE_LINE_PM_STATUS; ++i) {
        if (std::fgets(line, sizeof(line), file) == nullptr) line[0] = '\0';
    }
    std::fclose(file);
    return std::strncmp(line, "stopping", 8) == 0;
}

} // namespace

void RunInterrupt::Check() {
    if (InterruptPending) CheckInterrupts();
    if (pg_atomic_read_u32(&shared_->cancel_requested) != 0)
        throw Error(Errc::Cancelled, "the run was cancelled");
    if (!PostmasterIsAlive()) throw Error::WithSqlState("57P02", "the postmaster has died");
    if (Due(&looked_at_, 500)) CheckRun();
}

void RunInterrupt::CheckRun() {
    if (shared_->run_pid != 0 && BackendPidGetProc(shared_->run_pid) == nullptr) {
        throw Error::WithSqlState("57P01", "the run has ended without waiting for its leader");
    }
}

void ChildInterrupt::Check() {
    next_.Check();
    if (!Due(&looked_at_, 500) || !ServerIsStopping()) return;
    if (Pg([] { return CountClients(kChildApplication); }) == 0) {
        throw Error::WithSqlState("57P01", "the server is shutting down");
    }
}

void WaitForLatch(int timeout_ms, Interrupt& interrupt) {
    Pg([timeout_ms] {
        (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_POSTMASTER_DEATH, timeout_ms,
                        PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
    });
    interrupt.Check();
}

void SleepFor(std::chrono::milliseconds time, Interrupt& interrupt) {
    const auto end = std::chrono::steady_clock::now() + time;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                              end - std::chrono::steady_clock::now())
                              .count();
        if (left <= 0) return;
        WaitForLatch(static_cast<int>(std::min<long long>(left, 200)), interrupt);
    }
}

} // namespace lifeboat::pg
