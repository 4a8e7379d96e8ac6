#include "pg/sql/wait_run.h"

#include <cstdio>

#include "pg/run/run_interrupt.h"
#include "pg/sql/progress.h"

extern "C" {
#include <pgstat.h>
#include <storage/latch.h>
#include <utils/backend_status.h>
#include <utils/timestamp.h>
#include <utils/wait_event.h>
}

namespace lifeboat::pg {
namespace {

constexpr int kPollMs = 200;
constexpr int kInfoMs = 3000;
constexpr int kDeadlockMs = 1000;
constexpr int kEndPatienceMs = 15000;

void WaitLatchFor(int timeout_ms) {
    Pg([timeout_ms] {
        (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout_ms,
                        PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
    });
}

bool Elapsed(TimestampTz* last, int period_ms) {
    const TimestampTz now = GetCurrentTimestamp();
    if (!TimestampDifferenceExceeds(*last, now, period_ms)) return false;
    *last = now;
    return true;
}

void Say(const std::string& text) {
    Pg([&text] { ereport(INFO, (errmsg_internal("%s", text.c_str()))); });
}

// The run's processes wait for a lock that this very session holds: PostgreSQL cannot see that we
// wait for the run in turn.
void RefuseDeadlock(const StartedRun& run) {
    // Sessions are seen as they were when this transaction first looked, unless told otherwise.
    Pg([] { pgstat_clear_backend_activity_snapshot(); });
    const Rows rows = Query(
        "SELECT coalesce(l.relation::regclass::text, l.locktype), l.mode FROM "
        "pg_catalog.pg_stat_activity a JOIN pg_catalog.pg_locks l ON l.pid OPERATOR(pg_catalog.=) "
        "a.pid AND NOT l.granted WHERE (a.pid OPERATOR(pg_catalog.=) ANY ($1::int4[]) OR "
        "(a.application_name OPERATOR(pg_catalog.=) $2 AND a.datid OPERATOR(pg_catalog.=) (SELECT "
        "b.datid FROM pg_catalog.pg_stat_activity b WHERE b.pid OPERATOR(pg_catalog.=) $3::int4))) "
        "AND pg_catalog.pg_backend_pid() "
        "OPERATOR(pg_catalog.=) ANY (pg_catalog.pg_blocking_pids(a.pid)) LIMIT 1",
        {ArrayLiteral(
             {std::to_string(run.shared()->run_pid), std::to_string(run.shared()->leader_pid)}),
         std::string(kChildApplication), std::to_string(run.shared()->leader_pid)});
    if (rows.empty()) return;
    throw Error::WithSqlState(
        "55P03",
        "the run waits for a lock that this session holds, and this session waits for the run",
        "It wants " + rows[0][1].value_or("a lock") + " on " + rows[0][0].value_or("an object") +
            ".",
        "Commit first, or start the run with wait => false.");
}

// The worker is at an end without having said so.
void CheckAlive(const StartedRun& run) {
    if (!run.process_gone() || run.ended()) return;
    throw Error::WithSqlState("57P02", "run " + std::to_string(run.id()) + " ended without a word",
                              "Its process was killed, or could not start.",
                              "The server's log says why.");
}

// What was started does not outlive the wait.
void EndRun(StartedRun& run) noexcept {
    HOLD_INTERRUPTS();
    try {
        run.RequestCancel();
        const TimestampTz limit =
            TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kEndPatienceMs);
        while (!run.ended() && !run.process_gone() && GetCurrentTimestamp() < limit) {
            WaitLatchFor(20);
        }
    } catch (...) { // NOLINT(bugprone-empty-catch): the error that brought us here is what counts
    }
    if (InterruptHoldoffCount > 0) RESUME_INTERRUPTS();
}

template <class Done>
void Wait(StartedRun& run, bool talk, Done&& done) {
    TimestampTz last_info = GetCurrentTimestamp();
    TimestampTz last_deadlock = last_info;
    while (!done()) {
        CheckAlive(run);
        if (talk && Elapsed(&last_info, kInfoMs)) Say(ProgressLine(run.shared()));
        if (Elapsed(&last_deadlock, kDeadlockMs)) RefuseDeadlock(run);
        WaitLatchFor(kPollMs);
        CheckInterrupts();
    }
}

} // namespace

void WaitForRow(StartedRun& run) {
    try {
        Wait(run, false, [&run] { return run.state() != RunState::kStarting; });
    } catch (...) {
        EndRun(run);
        throw;
    }
    if (run.state() == RunState::kFailed || run.state() == RunState::kCancelled) throw run.error();
}

void WaitForEnd(StartedRun& run) {
    try {
        Wait(run, true, [&run] { return run.ended(); });
    } catch (...) {
        EndRun(run);
        throw;
    }
    if (run.state() != RunState::kSucceeded) throw run.error();
}

} // namespace lifeboat::pg
