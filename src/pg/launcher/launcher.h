// What the launcher does each time it looks: due times become rows, rows become runs; backups are
// copied into further stores.
#pragma once

#include <list>
#include <set>

#include "core/schedule/due.h"
#include "pg/catalog/repository.h"
#include "pg/run/start_run.h"

namespace lifeboat::pg {

class Scheduler {
public:
    // `idle_reason`: why nobody has looked so far, where the launcher knows.
    explicit Scheduler(std::string idle_reason) : idle_reason_(std::move(idle_reason)) {}

    // Once a second. Cheap when nothing is due and nothing waits.
    void Tick();
    // The schedules have changed.
    void Reload() noexcept { next_look_ = Instant::min(); }

private:
    void LookAtAll();
    void LookAt(const Home& home, const std::string& name, const Look& look);
    void QueueRun(const Home& home, const ScheduleRecord& schedule, const DueRun& run);
    void QueueRetries(const Home& home);
    void StartQueued(const Home& home);
    bool StartOne(const Home& home, const Row& row);
    void WatchStarted(const Home& home);
    [[nodiscard]] Look TakeLook();

    std::string idle_reason_;
    std::list<StartedRun> starting_;
    Instant next_look_ = Instant::min();
    Instant next_orphans_ = Instant::min();
    Instant next_start_ = Instant::min();
    std::optional<Instant> previous_;
    std::chrono::steady_clock::time_point previous_steady_;
    bool work_waits_ = false;                       // queued rows or retries
    std::map<std::string, std::string> complaints_; // schedule → what was last said about it
};

struct OpenCopy;

// Fills the copies that schedules want, each until it succeeds.
class CopyFiller {
public:
    // Once a second. Cheap when nothing is to be copied.
    void Tick();
    // A run or a copy has ended, or the schedules have changed.
    void Reload() noexcept { next_look_ = Instant::min(); }

private:
    struct Starting {
        Starting(int64_t id, const RunRequest& request) : run(id, request), store(request.store) {}
        StartedRun run;
        std::string store;
    };

    void StartDue(const Home& home, const std::vector<OpenCopy>& open, std::set<std::string> busy);
    bool Start(const Home& home, const RunRequest& request);
    void Watch();

    std::list<Starting> starting_;
    Instant next_look_ = Instant::min();
};

} // namespace lifeboat::pg
