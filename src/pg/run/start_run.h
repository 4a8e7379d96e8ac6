// The starter's side of a run: a backend or the launcher.
#pragma once

#include "pg/catalog/repository.h"
#include "pg/run/messages.h"
#include "pg/run/run_shared.h"

extern "C" {
#include <postmaster/bgworker.h>
}

namespace lifeboat::pg {

// A run that was asked for: its segment, detached at the end of the scope (the run keeps its own
// attachment), and its process.
class StartedRun {
public:
    // Error(LimitExceeded) when no background worker slot is free.
    StartedRun(int64_t id, const RunRequest& request);
    StartedRun(const StartedRun&) = delete;
    StartedRun& operator=(const StartedRun&) = delete;
    ~StartedRun();

    [[nodiscard]] int64_t id() const noexcept { return id_; }
    [[nodiscard]] RunShared* shared() const noexcept { return run_.shared; }
    [[nodiscard]] RunState state() const noexcept;
    [[nodiscard]] bool ended() const noexcept; // as its state says
    [[nodiscard]] bool process_gone() const;
    [[nodiscard]] std::string backup_id() const;
    // The run's error as it stands in shared memory.
    [[nodiscard]] Error error() const;
    void RequestCancel() noexcept;

private:
    void Register();
    int64_t id_;
    RunSegment run_;
    BackgroundWorkerHandle* handle_ = nullptr;
};

// Runs and restores share one sequence.
int64_t NewRunId(const Home& home);

} // namespace lifeboat::pg
