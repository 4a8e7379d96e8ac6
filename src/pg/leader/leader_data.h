// The data of a backup: everything that is rows or large objects, given to parallel workers, and
// what they may not do done by the leader itself.
#pragma once

#include <chrono>
#include <optional>

#include "pg/leader/crew.h"
#include "pg/leader/leader_jobs.h"

namespace lifeboat::pg {

// Sends the objects of finished jobs to the run, each with its line of the toc.
class JobResults {
public:
    JobResults(LeaderWork& work, const Contents& contents, const std::vector<Job>& jobs)
        : work_(work), contents_(contents), jobs_(jobs), done_(jobs.size(), false) {}

    void Add(uint32_t index, std::vector<ObjectRecord> records);
    void CheckComplete() const;

private:
    LeaderWork& work_;
    const Contents& contents_;
    const std::vector<Job>& jobs_;
    std::vector<bool> done_;
};

// Workers stream while the leader has other things to do: it looks after them by Collect(). Between
// Begin() and the end of Finish() or GiveUp() the leader is in parallel mode.
class DataStream {
public:
    DataStream(LeaderWork& work, const Contents& contents, const LargeObjectPlan& large_objects);
    DataStream(const DataStream&) = delete;
    DataStream& operator=(const DataStream&) = delete;

    void Begin();
    // Sends on what has been reported, without waiting; false when the workers are through.
    bool Collect();
    // Ends the workers; false when they were not through with their jobs in time.
    [[nodiscard]] bool GiveUp(std::chrono::milliseconds patience);
    // Waits for the workers, then does what only the leader may.
    void Finish();

private:
    void FinishParallel();

    LeaderWork& work_;
    const Contents& contents_;
    Jobs jobs_;
    size_t tables_; // so many of the parallel jobs; the others are large objects
    JobResults parallel_;
    JobResults serial_;
    std::optional<Crew> crew_;
};

// Looks after the workers whenever it is asked.
class StreamInterrupt final : public Interrupt {
public:
    StreamInterrupt(Interrupt& next, DataStream& stream) : next_(next), stream_(stream) {}
    void Check() override {
        next_.Check();
        stream_.Collect();
    }

private:
    Interrupt& next_;
    DataStream& stream_;
};

} // namespace lifeboat::pg
