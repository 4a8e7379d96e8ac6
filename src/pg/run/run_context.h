// What the parts of a run share: who asked for what, where our tables are, and what may end it.
#pragma once

#include "pg/catalog/repository.h"
#include "pg/run/messages.h"
#include "pg/run/run_shared.h"

namespace lifeboat::pg {

enum class StopReason { kNone, kCancelled, kTerminated, kTimeout };

// What ends a run from outside: its cancellation, the end of a caller who waits for it, its
// timeout, the server's interrupts.
class RunStop final : public Interrupt {
public:
    explicit RunStop(RunShared* shared) : shared_(shared) {}
    void Check() override;
    void SetTimeout(int64_t milliseconds);
    [[nodiscard]] StopReason reason() const noexcept { return reason_; }
    // The end is taken note of: what is left to do is done undisturbed.
    void Disarm() noexcept;

private:
    void CheckStarter();
    RunShared* shared_;
    bool armed_ = true;
    int64_t timeout_ms_ = 0;
    TimestampTz deadline_ = 0;
    TimestampTz starter_checked_ = 0;
    StopReason reason_ = StopReason::kNone;
};

struct RunContext {
    int64_t id = 0;
    RunSegment segment;
    RunRequest request;
    Home home;
    std::string backup_id; // given as soon as the run has its row, so that it can be cancelled
    RunStop* stop = nullptr;
    std::vector<std::string> notes; // for the run's row

    [[nodiscard]] RunShared* shared() const noexcept { return segment.shared; }
};

// Waits for the process latch or the time; checks.
void WaitRun(RunStop& stop, int timeout_ms);
void SetRunState(RunShared* shared, RunState state) noexcept; // and wakes the starter
void SetRunPhase(RunShared* shared, RunPhase phase) noexcept;
void SetDataStart(RunShared* shared) noexcept; // now: rates are reckoned from it
void SetRunBackupId(RunShared* shared, const std::string& backup_id) noexcept;

// The three kinds. They throw; run.cpp records how it ended.
void RunBackup(RunContext& run);
void RunRestore(RunContext& run);
void RunCopy(RunContext& run);

} // namespace lifeboat::pg
