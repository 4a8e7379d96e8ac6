// The leader of a run: locks, snapshot, schema, then the data through workers.
#pragma once

#include "pg/leader/enumerate.h"
#include "pg/leader/work_queue.h"
#include "pg/run/run_context.h"
#include "pg/run/run_interrupt.h"
#include "pg/scan/object_context.h"

namespace lifeboat::pg {

// Beyond RunInterrupt: the limits that a leader watches while data streams.
class LeaderInterrupt final : public Interrupt {
public:
    LeaderInterrupt(RunInterrupt& next, RunShared* shared, const LeaderRequest& request)
        : next_(next), shared_(shared), request_(request) {}
    void Check() override;

private:
    void CheckWaiting();
    RunInterrupt& next_;
    RunShared* shared_;
    const LeaderRequest& request_;
    TimestampTz looked_at_ = 0;
};

// The leader's end of the queue to its run.
class RunLink {
public:
    RunLink(const RunSegment& run, Interrupt& interrupt);
    void Send(const LeaderMessage& message);
    // Each of them as a message, with its line of the toc made from `entry`.
    void SendObjects(std::vector<ObjectRecord> records, const TocEntry& entry, uint32_t order);
    // The last words: what this process was told to end by no longer matters; gives up after a
    // second.
    void SendLast(const FailedMessage& message) noexcept;

private:
    [[nodiscard]] bool TryOut(const std::string& bytes);
    shm_mq_handle* queue_;
    Interrupt& interrupt_;
    std::string pending_; // a message begun must be ended before another
};

// What the leader of one attempt works with.
struct LeaderWork {
    const RunSegment& run;
    const LeaderRequest& request;
    ObjectContext& context;
    RunLink& link;
    Interrupt& interrupt; // of the leader, with its limits
    Interrupt& ending;    // only what must end the run
    bool final = false;   // from here on there is no other try
};

} // namespace lifeboat::pg
