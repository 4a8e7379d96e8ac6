#include "pg/run/run_record.h"

#include "pg/run/run_locks.h"

extern "C" {
#include <access/xact.h>
}

namespace lifeboat::pg {
namespace {

Value Id(const RunContext& run) { return std::to_string(run.id); }

Value OidOrNull(Oid oid) { return OidIsValid(oid) ? Value(std::to_string(oid)) : Value(); }

const char* TableOf(const RunContext& run) {
    if (run.request.kind == "copy") return "@.backup_copies";
    return run.request.kind == "restore" ? "@.backup_restores" : "@.backup_runs";
}

void InsertRestore(RunContext& run) {
    const RunRequest& request = run.request;
    Execute(
        run.home.Sql("INSERT INTO @.backup_restores (id, backup_id, store, target_database, "
                     "tables, mode, jobs, status, requested_by, pid, handle) VALUES ($1::bigint, "
                     "$2, $3, $4, $5::text[], 'create', nullif($6, '0')::integer, 'queued', "
                     "$7::oid, $8::integer, $9::bigint)"),
        {Id(run), request.backup_id, request.store, request.target_database,
         ArrayLiteral(request.tables), std::to_string(request.jobs),
         std::to_string(request.acting_role), std::to_string(MyProcPid),
         std::to_string(dsm_segment_handle(run.segment.segment))});
}

void InsertBackup(RunContext& run) {
    const RunRequest& request = run.request;
    const uint64_t rows = Execute(
        run.home.Sql(
            "INSERT INTO @.backup_runs (id, schedule, database, store, type, status, "
            "scheduled_for, attempt, requested_by, acting_role, pid, handle, backup_id) VALUES "
            "($1::bigint, "
            "$2, $3, $4, coalesce($5, 'full'), 'queued', $6::timestamptz, $7::integer, $8::oid, "
            "$9::oid, $10::integer, $11::bigint, $12) ON CONFLICT (id) DO UPDATE SET pid = "
            "excluded.pid, handle = excluded.handle, backup_id = excluded.backup_id WHERE "
            "backup_runs.status = 'queued'"),
        {Id(run), NullIfEmpty(request.schedule), request.database, NullIfEmpty(request.store),
         NullIfEmpty(request.type), NullIfEmpty(request.scheduled_for),
         std::to_string(request.attempt), OidOrNull(request.requested_by),
         OidOrNull(request.acting_role), std::to_string(MyProcPid),
         std::to_string(dsm_segment_handle(run.segment.segment)), run.backup_id});
    if (rows == 0) throw Error(Errc::Cancelled, "the run was cancelled before it began");
}

// One at a time: the row is the lock. (A dead one's was set free by MarkOrphans just before.)
void ClaimCopy(RunContext& run) {
    const RunRequest& request = run.request;
    const uint64_t rows = Execute(
        run.home.Sql(
            "INSERT INTO @.backup_copies AS k (backup_id, store, database, schedule, status, "
            "retry, attempts, id, started_at, requested_by, pid, handle) VALUES ($1, $2, $3, $4, "
            "'queued', false, 1, $5::bigint, clock_timestamp(), $6::oid, $7::integer, $8::bigint) "
            "ON CONFLICT (backup_id, store) DO UPDATE SET status = 'queued', attempts = "
            "k.attempts + 1, id = excluded.id, started_at = excluded.started_at, finished_at = "
            "NULL, objects = NULL, bytes = NULL, sqlstate = NULL, error = NULL, detail = NULL, "
            "hint = NULL, notes = '{}', requested_by = excluded.requested_by, pid = excluded.pid, "
            "handle = excluded.handle WHERE k.status NOT IN ('queued', 'running')"),
        {request.backup_id, request.store, request.database, NullIfEmpty(request.schedule), Id(run),
         OidOrNull(request.requested_by), std::to_string(MyProcPid),
         std::to_string(dsm_segment_handle(run.segment.segment))});
    if (rows > 0) return;
    throw Error::WithSqlState("55006",
                              "backup " + request.backup_id + " is being copied into store \"" +
                                  request.store + "\" already",
                              "", "SELECT * FROM backup_progress;");
}

// What was cancelled, or has nothing to be copied from or to, is not tried again.
void EndCopy(const Home& home, const RunContext& run, const Ending& ending) {
    if (ending.status != "cancelled" && ending.sqlstate != ErrcSqlState(Errc::NotFound)) return;
    Execute(home.Sql("UPDATE @.backup_copies SET retry = false WHERE id = $1::bigint"), {Id(run)});
}

struct Words {
    const char* event;  // "run."
    const char* number; // in an event's detail
};
Words WordsOf(const RunContext& run) {
    if (run.request.kind == "restore") return {"restore.", "restore"};
    if (run.request.kind == "copy") return {"copy.", "copy"};
    return {"run.", "run"};
}

struct OrphanKind {
    const char* table;
    const char* event;
    const char* id;   // in the event's detail
    const char* hint; // SQL
};
constexpr OrphanKind kOrphanKinds[] = {
    {"@.backup_runs", "run.interrupted", "run",
     "'The server''s log says why.' || CASE WHEN schedule IS NULL THEN '' ELSE ' The schedule "
     "tries again by itself, as often as its retries say.' END"},
    {"@.backup_restores", "restore.interrupted", "restore",
     "'The server''s log says why. A restore of the same backup into the same database starts "
     "over.'"},
    {"@.backup_copies", "copy.interrupted", "copy",
     "'The server''s log says why. The next attempt goes on where this one ended.'"},
};

// False when it has come to an end by itself meanwhile.
bool MarkOrphan(const Home& home, const OrphanKind& kind, const Row& row) {
    const std::string error =
        "the process of the run is gone: it was killed, or the server ended or crashed";
    const uint64_t marked = Execute(
        home.Sql(std::string("UPDATE ") + kind.table +
                 " SET status = 'interrupted', finished_at = clock_timestamp(), sqlstate = "
                 "'57P02', error = $2, hint = " +
                 kind.hint +
                 ", pid = NULL, handle = NULL WHERE id = $1::bigint AND status IN ('queued', "
                 "'running')"),
        {row[0], error});
    if (marked == 0) return false;
    AddEvent(home, "pg_lifeboat", kind.event, row[1].value_or(""),
             {{kind.id, row[0]}, {"sqlstate", std::string("57P02")}, {"error", error}});
    return true;
}

} // namespace

void RecordQueued(RunContext& run) {
    SqlTransaction transaction;
    if (run.request.kind != "backup") {
        run.backup_id = run.request.backup_id;
    } else {
        const auto type = ParseBackupType(run.request.type).value_or(BackupType::kFull);
        run.backup_id = MakeBackupId(run.request.database, Now(), type);
    }
    SetRunBackupId(run.shared(), run.backup_id);
    if (!TakeRunLock(run.id)) {
        throw Error(Errc::Internal, "run " + std::to_string(run.id) + " is at work already");
    }
    if (run.request.kind == "restore") {
        InsertRestore(run);
    } else if (run.request.kind == "copy") {
        ClaimCopy(run);
    } else {
        InsertBackup(run);
    }
    transaction.Commit();
}

void RecordRunning(RunContext& run, const RunPlan& plan) {
    SqlTransaction transaction;
    Execute(run.home.Sql("UPDATE @.backup_runs SET status = 'running', started_at = "
                         "clock_timestamp(), store = $2, type = $3, acting_role = "
                         "$4::oid WHERE id = $1::bigint"),
            {Id(run), plan.store.name, std::string(BackupTypeName(plan.type)),
             std::to_string(plan.role)});
    AddEvent(run.home, ActorName(run.request.requested_by), "run.start", run.backup_id,
             {{"run", Id(run)},
              {"schedule", NullIfEmpty(run.request.schedule)},
              {"database", plan.database.name},
              {"store", plan.store.name}});
    transaction.Commit();
}

Witness RecordWitness(RunContext& run, const std::string& backup_id) {
    SqlTransaction transaction;
    const std::string nonce = RandomHex(16);
    // A leader that begins again takes a later snapshot: the row must be younger than that.
    Execute(run.home.Sql("DELETE FROM @.backup_witness WHERE backup_id = $1"), {backup_id});
    const Value xid = QueryValue(run.home.Sql("INSERT INTO @.backup_witness (backup_id, nonce) "
                                              "VALUES ($1, $2) RETURNING xid"),
                                 {backup_id, nonce});
    transaction.Commit();
    return {nonce, *xid};
}

void RecordSucceeded(const Home& home, int64_t run_id, const Manifest& manifest,
                     const std::vector<std::string>& notes, std::optional<Instant> finished) {
    const auto number = [](uint64_t value) { return Value(std::to_string(value)); };
    const Totals& totals = manifest.totals;
    Execute(home.Sql("UPDATE @.backup_runs SET status = 'succeeded', finished_at = "
                     "coalesce($9::timestamptz, clock_timestamp()), tables = $2::bigint, rows = "
                     "$3::bigint, raw_bytes = $4::bigint, stored_bytes = $5::bigint, reused_bytes "
                     "= 0, segments = $6::bigint, snapshot_lsn = $7::pg_lsn, notes = notes || "
                     "$8::text[], pid = NULL, handle = NULL, sqlstate = NULL, error = NULL, detail "
                     "= NULL, hint = NULL WHERE id = $1::bigint"),
            {std::to_string(run_id), number(totals.tables), number(totals.rows),
             number(totals.raw_bytes), number(totals.stored_bytes), number(totals.segments),
             manifest.snapshot_lsn, ArrayLiteral(notes),
             finished ? Value(Rfc3339(*finished)) : Value()});
}

void RecordEnding(RunContext& run, const Ending& ending) {
    SqlTransaction transaction;
    Execute("SET LOCAL lock_timeout = '2s'");
    const std::optional<Home> home = FindHome();
    if (!home) {
        throw Error(Errc::WrongState, "extension pg_lifeboat was dropped during the run");
    }
    Execute(
        home->Sql(
            std::string("UPDATE ") + TableOf(run) +
            " SET status = $2, finished_at = clock_timestamp(), sqlstate = $3, error = $4, "
            "detail = $5, hint = $6, notes = notes || $7::text[], pid = NULL, handle = NULL WHERE "
            "id = $1::bigint"),
        {Id(run), ending.status, ending.sqlstate, ending.message, NullIfEmpty(ending.detail),
         NullIfEmpty(ending.hint), ArrayLiteral(run.notes)});
    if (run.request.kind == "copy") EndCopy(*home, run, ending);
    const bool restores = run.request.kind == "restore";
    const Words words = WordsOf(run);
    AddEvent(*home, ActorName(run.request.requested_by), words.event + ending.status, run.backup_id,
             {{words.number, Id(run)},
              {"schedule", NullIfEmpty(run.request.schedule)},
              {"database", restores ? Value() : NullIfEmpty(run.request.database)},
              {"store", run.request.kind == "copy" ? Value(run.request.store) : Value()},
              {"target", NullIfEmpty(run.request.target_database)},
              {"sqlstate", ending.sqlstate},
              {"error", ending.message}});
    transaction.Commit();
}

int MarkOrphans(const Home& home) {
    int marked = 0;
    for (const OrphanKind& kind : kOrphanKinds) {
        // Rows without a process are the launcher's, which starts them when there is room.
        const Rows rows = Query(home.Sql(std::string("SELECT id, backup_id FROM ") + kind.table +
                                         " WHERE status IN ('queued', 'running') AND (pid IS NOT "
                                         "NULL OR status = 'running')"));
        for (const Row& row : rows) {
            if (IsRunAlive(std::stoll(*row[0]))) continue;
            if (MarkOrphan(home, kind, row)) ++marked;
        }
    }
    return marked;
}

} // namespace lifeboat::pg
