#include "pg/bridge/times.h"
#include "pg/catalog/this_cluster.h"
#include "pg/launcher/launcher.h"
#include "pg/settings.h"

namespace lifeboat::pg {

struct OpenCopy {
    RunRequest request;
    double wait_seconds = 0;
};

namespace {

constexpr std::chrono::seconds kLongestSleep{30};
constexpr std::chrono::seconds kStartPause{5};

// When each copy that is still to be made is tried next: at once, then after the schedule's
// retry_delay, and after twice as long each time, up to an hour (or the delay, if that is longer).
constexpr const char* kOpenCopies =
    "SELECT k.backup_id, k.store, k.database, k.schedule, greatest(0, extract(epoch FROM CASE WHEN "
    "k.attempts = 0 THEN k.wanted_at ELSE coalesce(k.finished_at, k.started_at) + least(greatest("
    "d.delay, interval '1 hour'), d.delay * power(2, least(k.attempts - 1, 20))) END - "
    "clock_timestamp()))::double precision FROM @.backup_copies k LEFT JOIN @.backup_schedules s "
    "ON s.name = k.schedule CROSS JOIN LATERAL (SELECT coalesce(s.retry_delay, interval "
    "'5 minutes')) d (delay) WHERE k.retry AND k.status NOT IN ('queued', 'running', 'succeeded') "
    "ORDER BY k.wanted_at, k.backup_id, k.store LIMIT 10000";

struct CopyWork {
    std::vector<OpenCopy> open;
    std::set<std::string> busy; // stores that are copied into
};

CopyWork FindWork(const Home& home) {
    CopyWork work;
    for (const Row& row : Query(home.Sql(kOpenCopies))) {
        OpenCopy copy;
        copy.request.kind = "copy";
        copy.request.backup_id = *row[0];
        copy.request.store = *row[1];
        copy.request.database = *row[2];
        copy.request.schedule = row[3].value_or("");
        copy.wait_seconds = std::stod(row[4].value_or("0"));
        work.open.push_back(std::move(copy));
    }
    for (const Row& row : Query(home.Sql("SELECT DISTINCT store FROM @.backup_copies WHERE status "
                                         "IN ('queued', 'running')"))) {
        work.busy.insert(*row[0]);
    }
    return work;
}

} // namespace

void CopyFiller::Tick() {
    Watch();
    const Instant now = Now();
    if (now < next_look_) return;
    next_look_ = now + kLongestSleep;
    std::optional<Home> home;
    CopyWork work;
    {
        SqlTransaction transaction;
        home = FindHome();
        if (home && home->version != kVersion) home.reset();
        if (home && !WhyNotAtHome(*home)) work = FindWork(*home);
        transaction.Commit();
    }
    if (home) StartDue(*home, work.open, work.busy);
}

// One at a time into each store, and not more at once than runs: a store that is away must not
// keep the others waiting, nor all of them the runs.
void CopyFiller::StartDue(const Home& home, const std::vector<OpenCopy>& open,
                          std::set<std::string> busy) {
    const Instant now = Now();
    for (const Starting& copy : starting_) busy.insert(copy.store);
    for (const OpenCopy& copy : open) {
        if (copy.wait_seconds > 0) {
            const auto wait =
                std::chrono::milliseconds(static_cast<int64_t>(copy.wait_seconds * 1000) + 10);
            next_look_ = std::min(next_look_, now + wait);
            continue;
        }
        if (busy.size() >= static_cast<size_t>(std::max(MaxConcurrentRuns(), 1))) return;
        if (busy.contains(copy.request.store)) continue;
        if (!Start(home, copy.request)) return;
        busy.insert(copy.request.store);
    }
}

bool CopyFiller::Start(const Home& home, const RunRequest& request) {
    try {
        SqlTransaction transaction;
        const int64_t id = NewRunId(home);
        transaction.Commit();
        starting_.emplace_back(id, request);
        return true;
    } catch (const Error&) { // no process is free, or no memory to share with one
        if (ProcDiePending) throw;
        next_look_ = Now() + kStartPause;
        return false;
    }
}

// A copy that has its row looks after itself, and wakes us when it ends.
void CopyFiller::Watch() {
    for (auto copy = starting_.begin(); copy != starting_.end();) {
        const bool has_row = copy->run.state() != RunState::kStarting;
        if (!has_row && !copy->run.process_gone()) {
            ++copy;
            continue;
        }
        if (!has_row) next_look_ = Now() + kStartPause;
        copy = starting_.erase(copy);
    }
}

} // namespace lifeboat::pg
