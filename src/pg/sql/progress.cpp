// backup_progress.
#include "pg/sql/progress.h"

#include <cmath>
#include <cstdio>

#include "core/base/bytes.h"
#include "pg/catalog/repository.h"
#include "pg/sql/call.h"

extern "C" {
#include <utils/timestamp.h>

PG_FUNCTION_INFO_V1(lifeboat_progress);
PGDLLEXPORT Datum lifeboat_progress(PG_FUNCTION_ARGS);
}

namespace lifeboat::pg {
namespace {

double SecondsSince(TimestampTz when) {
    return static_cast<double>(GetCurrentTimestamp() - when) / USECS_PER_SEC;
}

// Of a backup: workers stream while the schema is dumped, too. A restore says its bytes in `data`.
bool IsStreaming(RunPhase phase) {
    return phase == RunPhase::kSchema || phase == RunPhase::kData || phase == RunPhase::kCopy;
}

// Of what was read, what a slow store has not taken yet is not done: the same share as of what was
// made of it.
uint64_t AcknowledgedBytes(RunShared* shared) {
    const uint64_t done = pg_atomic_read_u64(&shared->bytes_done);
    const uint64_t made = pg_atomic_read_u64(&shared->stored_bytes);
    const uint64_t waiting = std::min(pg_atomic_read_u64(&shared->waiting_bytes), made);
    if (waiting == 0) return done;
    const double share = static_cast<double>(made - waiting) / static_cast<double>(made);
    return static_cast<uint64_t>(static_cast<double>(done) * share);
}

Value Number(uint64_t value) { return std::to_string(value); }

// Sessions that wait for the leader or its workers.
Value Waiting(pid_t leader) {
    if (leader == 0) return std::nullopt;
    return QueryValue(
        "SELECT count(DISTINCT w.pid) FROM pg_locks w WHERE NOT w.granted AND $1::int = "
        "ANY (pg_blocking_pids(w.pid))",
        {std::to_string(leader)});
}

void AddRun(ResultSet& result, const Row& row) {
    const int64_t id = std::stoll(*row[0]);
    const auto handle = static_cast<dsm_handle>(ToInt(row[3]));
    const RunSegment run = Pg([&] { return AttachRunSegment(handle, id); });
    if (run.shared == nullptr) return;
    const bool was_mapped = run.shared->starter_pid == MyProcPid;
    const ProgressView view = ReadProgress(run.shared);
    const pid_t leader = run.shared->leader_pid;
    if (!was_mapped) Pg([&run] { dsm_detach(run.segment); });
    const bool queued = *row[2] == "queued";
    result.Add(
        {row[0], row[1] ? row[1] : NullIfEmpty(view.backup_id),
         queued   ? Value("queued")
         : row[4] ? row[4]
                  : NullIfEmpty(view.phase),
         NullIfEmpty(view.relation), Number(view.bytes_done), Number(view.bytes_total),
         Number(view.rows_done), view.percent ? Value(std::to_string(*view.percent)) : Value(),
         view.bytes_per_second ? Number(*view.bytes_per_second) : Value(),
         view.seconds_left ? Value(SecondsText(*view.seconds_left)) : Value(), Number(view.workers),
         view.snapshot_age ? Value(SecondsText(*view.snapshot_age)) : Value(), Waiting(leader)});
}

Datum Progress(const Call& call) {
    const Home home = RequireHome();
    ResultSet result(call.info());
    RoleScope as_owner(home.owner);
    const Rows rows = Query(home.Sql(
        "SELECT id, backup_id, status, handle, NULL FROM @.backup_runs WHERE status IN ('queued', "
        "'running') UNION ALL SELECT id, backup_id, status, handle, phase FROM @.backup_restores "
        "WHERE status IN ('queued', 'running') UNION ALL SELECT id, backup_id, status, handle, "
        "NULL "
        "FROM @.backup_copies WHERE status IN ('queued', 'running') ORDER BY 1"));
    for (const Row& row : rows) {
        if (row[3]) {
            AddRun(result, row);
        } else {
            Row waiting(13);
            waiting[0] = row[0];
            waiting[2] = "queued";
            result.Add(waiting);
        }
    }
    return result.Done();
}

} // namespace

ProgressView ReadProgress(RunShared* shared) {
    ProgressView view;
    view.bytes_done = AcknowledgedBytes(shared);
    view.bytes_total = pg_atomic_read_u64(&shared->bytes_total);
    view.rows_done = pg_atomic_read_u64(&shared->rows_done);
    view.workers = pg_atomic_read_u32(&shared->workers);
    view.lock_holder = pg_atomic_read_u32(&shared->lock_holder);
    const auto phase = static_cast<RunPhase>(pg_atomic_read_u32(&shared->phase));
    const char* name = RunPhaseName(phase);
    if (name != nullptr) view.phase = name;
    char relation[sizeof(shared->relation)];
    char backup_id[sizeof(shared->backup_id)];
    SpinLockAcquire(&shared->lock);
    std::copy(std::begin(shared->relation), std::end(shared->relation), relation);
    std::copy(std::begin(shared->backup_id), std::end(shared->backup_id), backup_id);
    const TimestampTz snapshot_at = shared->snapshot_at;
    const TimestampTz data_at = shared->data_at;
    SpinLockRelease(&shared->lock);
    view.relation = relation;
    view.backup_id = backup_id;
    if (snapshot_at != 0) view.snapshot_age = SecondsSince(snapshot_at);
    if (view.bytes_total > 0) {
        const auto done = static_cast<double>(std::min(view.bytes_done, view.bytes_total));
        view.percent = 100.0 * done / static_cast<double>(view.bytes_total);
    }
    if (IsStreaming(phase) && data_at != 0 && view.bytes_done > 0) {
        const double rate =
            static_cast<double>(view.bytes_done) / std::max(SecondsSince(data_at), 0.1);
        view.bytes_per_second = static_cast<uint64_t>(rate);
        if (view.bytes_total > view.bytes_done) {
            view.seconds_left = static_cast<double>(view.bytes_total - view.bytes_done) / rate;
        }
    }
    return view;
}

std::string ProgressLine(RunShared* shared) {
    const ProgressView view = ReadProgress(shared);
    if (static_cast<RunState>(pg_atomic_read_u32(&shared->state)) == RunState::kQueued) {
        return "waiting: lifeboat.max_concurrent_runs are at work";
    }
    if (view.lock_holder != 0) {
        return view.backup_id + ": waiting for a lock on " + view.relation + ", held by process " +
               std::to_string(view.lock_holder);
    }
    std::string line = view.backup_id + ": " + (view.phase.empty() ? "starting" : view.phase);
    if (view.percent && view.bytes_done > 0 &&
        (view.phase == "schema" || view.phase == "data" || view.phase == "large_objects" ||
         view.phase == "copy")) {
        char percent[16];
        std::snprintf(percent, sizeof(percent), " %.0f %%", *view.percent);
        line += percent;
    }
    if (view.bytes_per_second) line += ", " + HumanBytes(*view.bytes_per_second) + "/s";
    if (view.seconds_left) {
        line += ", " + std::to_string(std::llround(*view.seconds_left)) + " s left";
    }
    return line;
}

} // namespace lifeboat::pg

Datum lifeboat_progress(PG_FUNCTION_ARGS) {
    return lifeboat::pg::Boundary(
        [&] { return lifeboat::pg::Progress(lifeboat::pg::Call(fcinfo)); });
}
