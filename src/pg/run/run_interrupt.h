// What ends a leader or a worker from outside: interrupts of the server, a cancelled run, the death
// of the postmaster, and for the leader a run that is gone.
#pragma once

#include "core/base/interrupt.h"
#include "pg/run/run_shared.h"

namespace lifeboat::pg {

class RunInterrupt final : public Interrupt {
public:
    explicit RunInterrupt(RunShared* shared) : shared_(shared) {}
    void Check() override;

private:
    void CheckRun();
    RunShared* shared_;
    TimestampTz looked_at_ = 0;
};

// Thrown by a worker's interrupt when its leader has no use for its work any more. Not an error:
// the worker's transaction ends well, so whoever holds something of the server's gives it back.
struct Dismissed {};

// `work`, then `close`, also when it was left by Dismissed. (After an error the transaction's abort
// gives everything back.)
template <class Work, class Close>
void DoAndClose(Work work, Close close) {
    try {
        work();
    } catch (const Dismissed&) {
        close();
        throw;
    }
    close();
}

// While a child program has a connection of its own, the postmaster waits for it in a smart
// shutdown and does not tell us: so we look ourselves whether the server is stopping and only such
// children are left.
class ChildInterrupt final : public Interrupt {
public:
    explicit ChildInterrupt(Interrupt& next) : next_(next) {}
    void Check() override;

private:
    Interrupt& next_;
    TimestampTz looked_at_ = 0;
};

// What our children call themselves (PGAPPNAME).
inline constexpr const char* kChildApplication = "pg_lifeboat child";

// No interrupt is served inside PostgreSQL while this lives: a termination there would end the
// process without unwinding, and leave a temporary file in the store. Held for a batch at a time;
// in between, RunInterrupt serves it.
class HoldInterrupts {
public:
    HoldInterrupts() : saved_(InterruptHoldoffCount) { HOLD_INTERRUPTS(); }
    HoldInterrupts(const HoldInterrupts&) = delete;
    HoldInterrupts& operator=(const HoldInterrupts&) = delete;
    ~HoldInterrupts() { InterruptHoldoffCount = saved_; } // an error has set it to zero

private:
    uint32 saved_;
};

// Waits for the latch, at most `timeout_ms`, and checks.
void WaitForLatch(int timeout_ms, Interrupt& interrupt);
// Sleeps so long, checking.
void SleepFor(std::chrono::milliseconds time, Interrupt& interrupt);

} // namespace lifeboat::pg
