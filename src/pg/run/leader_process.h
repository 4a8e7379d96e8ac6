// A run's leader, from the run's side: started, listened to, ended.
#pragma once

#include "pg/run/run_context.h"

extern "C" {
#include <postmaster/bgworker.h>
}

namespace lifeboat::pg {

class LeaderProcess {
public:
    // Error(LimitExceeded) when no background worker slot is free.
    LeaderProcess(RunContext& run, const LeaderRequest& request);
    LeaderProcess(const LeaderProcess&) = delete;
    LeaderProcess& operator=(const LeaderProcess&) = delete;
    // A leader still at work is told to end and waited for.
    ~LeaderProcess();

    // It has said its last word and ends by itself.
    void Finished() noexcept { finished_ = true; }
    // The next message; waits for it. Error(Internal) when the leader ended without a last word.
    LeaderMessage Receive();

private:
    void Register();
    [[nodiscard]] bool Gone() noexcept;
    RunContext& run_;
    BackgroundWorkerHandle* handle_ = nullptr;
    shm_mq_handle* queue_ = nullptr;
    bool finished_ = false;
};

} // namespace lifeboat::pg
