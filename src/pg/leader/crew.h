// The parallel workers of a leader, with the jobs that they share and the queues they report by.
#pragma once

#include <functional>

#include "pg/leader/leader.h"
#include "pg/leader/work_queue.h"

extern "C" {
#include <access/parallel.h>
}

namespace lifeboat::pg {

// It ends by Finish(); without that the transaction's abort stops the workers. From its beginning
// to that end the leader is in parallel mode.
class Crew {
public:
    Crew(const LeaderWork& work, const std::vector<Job>& jobs);
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    [[nodiscard]] int launched() const noexcept { return context_->nworkers_launched; }
    // How many jobs have been handed out.
    [[nodiscard]] uint32_t taken() const noexcept { return pg_atomic_read_u32(&header_->next); }
    // Takes whatever the workers have reported; false when all of them are through.
    bool Collect(const std::function<void(JobResult)>& take);
    // No job is begun from here on: the workers report what they have done, and end.
    void Dismiss() noexcept { pg_atomic_write_u32(&header_->dismissed, 1); }
    void Finish();

private:
    void Estimate(size_t jobs, int workers);
    void Fill(const LeaderWork& work, const std::vector<Job>& jobs);

    ParallelContext* context_ = nullptr;
    WorkHeader* header_ = nullptr;
    shm_mq_handle** queues_ = nullptr;
};

} // namespace lifeboat::pg
