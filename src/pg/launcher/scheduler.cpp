#include "pg/bridge/times.h"
#include "pg/catalog/names.h"
#include "pg/catalog/this_cluster.h"
#include "pg/launcher/launcher.h"
#include "pg/run/run_locks.h"
#include "pg/run/run_record.h"
#include "pg/settings.h"
#include "pg/shmem.h"

extern "C" {
#include <utils/timestamp.h>
}

namespace lifeboat::pg {
namespace {

constexpr std::chrono::seconds kLongestSleep{30};
constexpr std::chrono::seconds kOrphanPeriod{60};
constexpr std::chrono::seconds kStartPause{5};
// How long a due run waits for a background worker slot before it counts as failed.
constexpr const char* kStartPatience = "60 seconds";

void Log(const std::string& message) {
    Pg([&message] { ereport(LOG, (errmsg_internal("lifeboat launcher: %s", message.c_str()))); });
}

std::string Timestamp(Instant when) { return Rfc3339(when); }

std::vector<std::string> DatabasesOf(const ScheduleRecord& schedule) {
    if (schedule.database != "*") return {schedule.database};
    std::vector<std::string> names;
    for (const DatabaseRecord& database : AllDatabases()) names.push_back(database.name);
    return names;
}

void InsertMissed(const Home& home, const ScheduleRecord& schedule, const std::string& database,
                  Instant due, const std::string& reason) {
    Execute(home.Sql("INSERT INTO @.backup_runs (schedule, database, store, type, status, "
                     "scheduled_for, finished_at, acting_role, error) VALUES ($1, $2, $3, $4, "
                     "'missed', $5::timestamptz, clock_timestamp(), $6::oid, $7)"),
            {schedule.name, database, schedule.store, schedule.type, Timestamp(due),
             std::to_string(schedule.owner), reason});
}

Value ActiveRun(const Home& home, const std::string& schedule, const std::string& database) {
    return QueryValue(
        home.Sql("SELECT min(id) FROM @.backup_runs WHERE schedule = $1 AND database = "
                 "$2 AND status IN ('queued', 'running')"),
        {schedule, database});
}

// A clock that was wrong by more than the due rule forgives repeats due times
// (core/schedule/due.h): the second run of one says so.
Value EarlierRun(const Home& home, const std::string& schedule, const std::string& database,
                 Instant due) {
    return QueryValue(home.Sql("SELECT max(id) FROM @.backup_runs WHERE schedule = $1 AND database "
                               "= $2 AND scheduled_for = $3::timestamptz AND status <> 'missed'"),
                      {schedule, database, Timestamp(due)});
}

// The time up to which everything due is dealt with; now, for a schedule that is new here.
Instant LastDue(const Home& home, const std::string& schedule, Instant now) {
    Execute(
        home.Sql("INSERT INTO @.backup_ticks VALUES ($1, $2::timestamptz) ON CONFLICT DO NOTHING"),
        {schedule, Timestamp(now)});
    const Value text = QueryValue(
        home.Sql("SELECT to_char(last_due AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') "
                 "FROM @.backup_ticks WHERE schedule = $1"),
        {schedule});
    return ParseRfc3339(*text).value_or(now);
}

} // namespace

Look Scheduler::TakeLook() {
    Look look;
    look.now = Now();
    const auto steady = std::chrono::steady_clock::now();
    if (previous_) {
        look.previous = previous_;
        look.elapsed =
            std::chrono::duration_cast<std::chrono::microseconds>(steady - previous_steady_);
    } else {
        look.server_started = ToInstant(PgStartTime);
        look.idle_reason = idle_reason_;
        SharedState* shared = Shared();
        if (shared != nullptr && shared->last_look != 0)
            look.previous = ToInstant(shared->last_look);
    }
    previous_ = look.now;
    previous_steady_ = steady;
    return look;
}

void Scheduler::Tick() {
    const Instant now = Now();
    std::optional<Home> home;
    const bool look = now >= next_look_ || (previous_ && now < *previous_);
    const bool orphans = now >= next_orphans_;
    if (!look && !orphans && !work_waits_ && starting_.empty()) {
        // The look that finds nothing due is not worth a transaction, but it counts as one.
        previous_ = now;
        previous_steady_ = std::chrono::steady_clock::now();
        return;
    }
    {
        SqlTransaction transaction;
        home = FindHome();
        if (home && home->version != kVersion) home.reset();
        if (home && orphans) MarkOrphans(*home);
        transaction.Commit();
    }
    if (orphans) next_orphans_ = now + kOrphanPeriod;
    if (!home) {
        next_look_ = now + kStartPause;
        return;
    }
    if (look) LookAtAll();
    SqlTransaction transaction;
    QueueRetries(*home);
    transaction.Commit();
    StartQueued(*home);
    WatchStarted(*home);
}

void Scheduler::LookAtAll() {
    const Look look = TakeLook();
    next_look_ = look.now + kLongestSleep;
    std::vector<std::string> names;
    std::optional<Home> home;
    {
        SqlTransaction transaction;
        home = FindHome();
        if (home) names = ScheduleNames(*home);
        transaction.Commit();
    }
    for (const std::string& name : names) {
        try {
            SqlTransaction transaction;
            LookAt(*home, name, look);
            transaction.Commit();
            complaints_.erase(name);
        } catch (const Error& error) {
            if (ProcDiePending) throw;
            // It spoils itself only; said once.
            std::string& last = complaints_[name];
            if (last != error.message()) Log("schedule \"" + name + "\": " + error.message());
            last = error.message();
        }
    }
}

void Scheduler::LookAt(const Home& home, const std::string& name, const Look& look) {
    const std::optional<ScheduleRecord> schedule = FindSchedule(home, name);
    if (!schedule || !schedule->enabled || !IsOfThisCluster(*schedule)) return;
    const Cron cron = Cron::Parse(schedule->cron);
    const Zone zone = Zone::Find(schedule->timezone);
    const Instant last_due = LastDue(home, name, look.now);
    const DuePlan plan = WhatIsDue(
        cron, zone, schedule->catch_up_latest ? CatchUp::kLatest : CatchUp::kNone, last_due, look);
    if (!plan.remark.empty()) Log("schedule \"" + name + "\": " + plan.remark);
    next_look_ = std::min(next_look_, std::max(plan.next_look, look.now));
    // Intervals are counted from the last start: one that is still at work is waited for.
    if (cron.is_interval() && plan.run) {
        for (const std::string& database : DatabasesOf(*schedule)) {
            if (ActiveRun(home, name, database)) {
                next_look_ = std::min(next_look_, look.now + std::chrono::seconds{1});
                return;
            }
        }
    }
    for (const Missed& missed : plan.missed) {
        for (const std::string& database : DatabasesOf(*schedule)) {
            InsertMissed(home, *schedule, database, missed.due, missed.reason);
        }
    }
    if (plan.run) QueueRun(home, *schedule, *plan.run);
    if (plan.handled_until != last_due) {
        Execute(
            home.Sql("UPDATE @.backup_ticks SET last_due = $2::timestamptz WHERE schedule = $1"),
            {name, Timestamp(plan.handled_until)});
    }
}

void Scheduler::QueueRun(const Home& home, const ScheduleRecord& schedule, const DueRun& run) {
    std::vector<std::string> notes;
    if (!run.note.empty()) notes.push_back(run.note);
    if (!run.reason.empty()) notes.push_back("made up for: " + run.reason);
    for (const std::string& database : DatabasesOf(schedule)) {
        if (const Value active = ActiveRun(home, schedule.name, database)) {
            InsertMissed(home, schedule, database, run.due,
                         "run " + *active + " of this schedule was still at work");
            continue;
        }
        std::vector<std::string> all_notes = notes;
        if (const Value earlier = EarlierRun(home, schedule.name, database, run.due)) {
            all_notes.push_back("due a second time after run " + *earlier +
                                ": the clock was set back");
        }
        Execute(home.Sql("INSERT INTO @.backup_runs (schedule, database, store, type, status, "
                         "scheduled_for, acting_role, notes) VALUES ($1, $2, $3, $4, 'queued', "
                         "$5::timestamptz, $6::oid, $7::text[])"),
                {schedule.name, database, schedule.store, schedule.type, Timestamp(run.due),
                 std::to_string(schedule.owner), ArrayLiteral(all_notes)});
    }
    work_waits_ = true;
}

// The last attempt of a due time failed, and there are attempts left.
void Scheduler::QueueRetries(const Home& home) {
    const Rows waiting = Query(
        home.Sql("SELECT r.schedule, r.database, r.store, r.type, r.scheduled_for, r.attempt, "
                 "s.owner::oid, "
                 "       r.finished_at + s.retry_delay <= clock_timestamp() "
                 "  FROM @.backup_schedules s "
                 "  JOIN LATERAL (SELECT DISTINCT ON (database) * FROM @.backup_runs r "
                 "                 WHERE r.schedule = s.name AND r.status <> 'missed' "
                 "                   AND r.queued_at >= s.updated_at - interval '7 days' "
                 "                 ORDER BY database, id DESC) r ON true "
                 " WHERE s.enabled AND r.scheduled_for IS NOT NULL AND r.attempt <= s.retries "
                 "   AND r.status IN ('failed', 'interrupted') AND s.system_identifier = $1 "
                 "   AND s.data_directory = $2"),
        {SystemIdentifier(), DataDirectory()});
    work_waits_ = !waiting.empty();
    for (const Row& row : waiting) {
        if (!IsTrue(row[7])) continue;
        Execute(home.Sql("INSERT INTO @.backup_runs (schedule, database, store, type, status, "
                         "scheduled_for, attempt, acting_role) VALUES ($1, $2, $3, $4, 'queued', "
                         "$5::timestamptz, $6::integer + 1, $7::oid)"),
                {row[0], row[1], row[2], row[3], row[4], row[5], row[6]});
    }
}

void Scheduler::StartQueued(const Home& home) {
    Rows rows;
    int room = 0;
    {
        SqlTransaction transaction;
        rows =
            Query(home.Sql("SELECT id, schedule, database, store, type, scheduled_for, attempt, "
                           "acting_role::oid, queued_at + $1::interval < clock_timestamp() FROM "
                           "@.backup_runs WHERE status = 'queued' AND pid IS NULL AND schedule IS "
                           "NOT NULL ORDER BY id LIMIT 1000"),
                  {std::string(kStartPatience)});
        room = MaxConcurrentRuns() - SlotsTaken(MaxConcurrentRuns());
        transaction.Commit();
    }
    if (rows.empty()) return;
    work_waits_ = true;
    room -= static_cast<int>(starting_.size());
    if (Now() < next_start_) return;
    for (const Row& row : rows) {
        const int64_t id = std::stoll(*row[0]);
        const bool is_starting =
            std::any_of(starting_.begin(), starting_.end(),
                        [id](const StartedRun& run) { return run.id() == id; });
        if (is_starting) continue;
        if (room-- <= 0 || !StartOne(home, row)) return;
    }
}

bool Scheduler::StartOne(const Home& home, const Row& row) {
    RunRequest request;
    request.schedule = *row[1];
    request.database = *row[2];
    request.scheduled_for = row[5].value_or("");
    request.attempt = static_cast<int>(ToInt(row[6], 1));
    request.acting_role = ToOid(row[7]);
    try {
        starting_.emplace_back(std::stoll(*row[0]), request);
        return true;
    } catch (const Error& error) { // outside a transaction: also no room for a segment
        next_start_ = Now() + kStartPause;
        SqlTransaction transaction;
        Execute(
            home.Sql("UPDATE @.backup_runs SET sqlstate = $2, error = $3, detail = $4, hint = $5, "
                     "status = CASE WHEN $6::boolean THEN 'failed' ELSE status END, finished_at = "
                     "CASE WHEN $6::boolean THEN clock_timestamp() END WHERE id = $1::bigint AND "
                     "status = 'queued'"),
            {row[0], std::string(error.sqlstate()), error.message(), error.detail(), error.hint(),
             row[8]});
        transaction.Commit();
        return false;
    }
}

// A run that has its row looks after itself; one that never came to it is given up.
void Scheduler::WatchStarted(const Home& home) {
    for (auto run = starting_.begin(); run != starting_.end();) {
        if (run->state() == RunState::kStarting && !run->process_gone()) {
            ++run;
            continue;
        }
        if (run->state() == RunState::kStarting || run->state() == RunState::kFailed) {
            SqlTransaction transaction;
            Execute(
                home.Sql("UPDATE @.backup_runs SET status = 'failed', finished_at = "
                         "clock_timestamp(), sqlstate = '57P02', error = 'the process of the run "
                         "could not start', hint = 'The server''s log says why.' WHERE id = "
                         "$1::bigint AND status = 'queued' AND pid IS NULL"),
                {std::to_string(run->id())});
            transaction.Commit();
        }
        run = starting_.erase(run);
    }
}

} // namespace lifeboat::pg
