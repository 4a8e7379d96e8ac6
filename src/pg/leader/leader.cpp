#include "pg/leader/leader.h"

#include <cstring>

#include "pg/bridge/query.h"
#include "pg/leader/database_object.h"
#include "pg/leader/leader_data.h"
#include "pg/leader/lock_group.h"
#include "pg/leader/schema_dump.h"
#include "pg/leader/sequences.h"

extern "C" {
#include <postmaster/bgworker.h>
#include <postmaster/interrupt.h>
#include <storage/latch.h>
#include <storage/proc.h>
#include <tcop/tcopprot.h>
#include <utils/snapmgr.h>
#include <utils/timestamp.h>
}

namespace lifeboat::pg {
namespace {

constexpr int kTries = 5;
constexpr std::chrono::seconds kFirstPause{1};
// A worker ends within a batch of rows. Longer, an attempt that has failed would hold its locks.
constexpr std::chrono::seconds kGiveUpPatience{2};

// --- a death that no C++ frame sees ---

RunLink* fatal_goes_to = nullptr;
emit_log_hook_type next_log_hook = nullptr;

// FATAL ends the process on the spot (a role or database that is gone, no connection allowed): the
// run is told why before.
void TellFatal(ErrorData* error) {
    if (error->elevel >= FATAL && fatal_goes_to != nullptr) {
        RunLink* link = fatal_goes_to;
        fatal_goes_to = nullptr;
        const auto text = [](const char* one) { return std::string(one == nullptr ? "" : one); };
        try { // errfinish is around us: nothing may be thrown through it
            link->SendLast({unpack_sql_state(error->sqlerrcode), text(error->message),
                            text(error->detail), text(error->hint), false});
        } catch (...) { // NOLINT(bugprone-empty-catch): the run sees that its leader is gone
        }
    }
    if (next_log_hook != nullptr) next_log_hook(error);
}

class FatalWatch {
public:
    explicit FatalWatch(RunLink& link) {
        fatal_goes_to = &link;
        next_log_hook = emit_log_hook;
        emit_log_hook = TellFatal;
    }
    FatalWatch(const FatalWatch&) = delete;
    FatalWatch& operator=(const FatalWatch&) = delete;
    ~FatalWatch() {
        fatal_goes_to = nullptr;
        emit_log_hook = next_log_hook;
    }
};

// --- one attempt ---

struct Prepared {
    std::vector<Oid> locked;
    BackupSnapshot snapshot;
    SnapshotMessage message;
    Contents contents;
    LargeObjectPlan large_objects;
    std::vector<std::string> notes;
};

uint64_t BytesOf(const Prepared& prepared) {
    uint64_t bytes = prepared.large_objects.bytes;
    for (const Table& table : prepared.contents.tables) bytes += table.bytes();
    for (const ConfigTable& config : prepared.contents.config) bytes += config.table.bytes();
    return bytes;
}

void ResetProgress(RunShared* shared) {
    for (pg_atomic_uint64* counter :
         {&shared->bytes_total, &shared->bytes_done, &shared->rows_done, &shared->raw_bytes,
          &shared->stored_bytes, &shared->objects_done}) {
        pg_atomic_write_u64(counter, 0);
    }
}

void PublishSnapshot(RunShared* shared, uint64_t bytes_total) {
    const TimestampTz now = GetCurrentTimestamp();
    SpinLockAcquire(&shared->lock);
    shared->snapshot_at = now;
    SpinLockRelease(&shared->lock);
    pg_atomic_write_u64(&shared->bytes_total, bytes_total);
}

class Attempt {
public:
    explicit Attempt(LeaderWork& work) : work_(work) {}

    // pg_dump dumps the schema while we look at the tables and workers stream them. Until it has,
    // everything can be given back and begun again: it may meet a lock, or a function that somebody
    // drops.
    void Run() {
        Prepare();
        SchemaDump schema(Source(), work_.interrupt);
        Describe();
        work_.link.Send(prepared_.message);
        DataStream data(work_, prepared_.contents, prepared_.large_objects);
        data.Begin();
        StreamInterrupt interrupt(work_.interrupt, data);
        SetRunPhase(work_.run.shared, RunPhase::kSchema);
        try {
            SendSchema(schema.Stream(work_.context, interrupt));
        } catch (const StartOver&) {
            work_.final = true; // unless what was stored is known, and can be removed
            work_.final = !data.GiveUp(kGiveUpPatience);
            throw;
        }
        work_.final = true;
        SendDatabase();
        if (work_.request.globals) SendGlobals(interrupt);
        data.Finish();
        SendSequences();
        transaction_.Commit();
        work_.link.Send(FinishedMessage{prepared_.notes});
    }

private:
    void Prepare() {
        const LeaderRequest& request = work_.request;
        RunShared* shared = work_.run.shared;
        SetRunPhase(shared, RunPhase::kSnapshot);
        ResetProgress(shared);
        prepared_.locked = LockRelations(*shared, request.lock_patience_ms, work_.interrupt);
        prepared_.snapshot = TakeSnapshot();
        prepared_.message = DescribeCluster(prepared_.snapshot);
        work_.context.snapshot = prepared_.snapshot.xmin + ":" + prepared_.snapshot.xmax;
        work_.context.lsn = prepared_.snapshot.lsn;
    }

    void Describe() {
        const LeaderRequest& request = work_.request;
        ChildInterrupt interrupt(work_.interrupt); // pg_dump has a connection
        prepared_.contents = DescribeRelations(request, prepared_.locked, interrupt);
        if (!request.schema_only)
            prepared_.large_objects = PlanLargeObjects(request.segment_bytes, request.role_name);
        prepared_.message.tables =
            prepared_.contents.tables.size() + prepared_.contents.config.size();
        prepared_.message.bytes_total = BytesOf(prepared_);
        PublishSnapshot(work_.run.shared, prepared_.message.bytes_total);
    }

    [[nodiscard]] DumpSource Source() const {
        return {work_.request, prepared_.message.database.name, prepared_.message.database.encoding,
                prepared_.snapshot.exported};
    }

    // One archive, two lines: what comes before the data, and what comes after.
    void SendSchema(const ObjectRecord& record) {
        TocEntry schema;
        schema.object = record.name;
        schema.kind = ObjectKind::kSchema;
        schema.detail.roles = ReferencedRoles();
        schema.detail.tablespaces = ReferencedTablespaces();
        TocEntry post = schema;
        post.kind = ObjectKind::kPost;
        work_.link.Send(ObjectMessage{record, {schema, post}, 0});
    }

    void SendDatabase() { SendOne(StreamDatabase(work_.context)); }

    void SendGlobals(Interrupt& interrupt) {
        const bool passwords =
            QueryValue("SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')", {}, true) ==
            "t";
        if (!passwords) {
            prepared_.notes.push_back("roles are stored without passwords: role \"" +
                                      work_.request.role_name + "\" may not read pg_authid");
        }
        SendOne(StreamGlobals(work_.context, Source(), passwords, interrupt));
    }

    void SendSequences() {
        if (prepared_.contents.sequences.empty()) return;
        std::vector<ObjectRecord> records =
            StreamSequences(work_.context, prepared_.contents.sequences, work_.interrupt);
        TocEntry entry;
        entry.kind = ObjectKind::kSequences;
        work_.link.SendObjects(std::move(records), entry, 0);
    }

    void SendOne(ObjectRecord record) {
        TocEntry entry;
        entry.kind = record.kind;
        std::vector<ObjectRecord> records;
        records.push_back(std::move(record));
        work_.link.SendObjects(std::move(records), entry, 0);
    }

    LeaderWork& work_;
    SnapshotTransaction transaction_;
    Prepared prepared_;
};

StartOver AfterAllTries(const StartOver& error) {
    const std::string tries = "It was tried " + std::to_string(kTries) + " times, with pauses.";
    return StartOver(Error::WithSqlState(
        error.sqlstate(), error.message(),
        error.detail().empty() ? tries : error.detail() + " " + tries, error.hint()));
}

// Five tries; between them everything is given back.
void BackUp(LeaderWork& work) {
    PinSession(work.request.lock_patience_ms);
    auto pause = kFirstPause;
    for (int attempt = 1;; ++attempt) {
        try {
            Attempt(work).Run();
            return;
        } catch (const StartOver& error) {
            if (work.final) throw;
            if (attempt == kTries) throw AfterAllTries(error);
        }
        SleepFor(pause, work.interrupt);
        pause *= 2;
    }
}

FailedMessage DescribeFailure(const Error& error, bool retryable) {
    return {std::string(error.sqlstate()), error.message(), error.detail(), error.hint(),
            retryable};
}

// The failure of the current exception, for the run.
FailedMessage CurrentFailure() {
    try {
        throw;
    } catch (const StartOver& error) {
        return DescribeFailure(error, true);
    } catch (const StoreError& error) {
        return DescribeFailure(error, error.fault() == StoreFault::kTransient);
    } catch (const Error& error) {
        return DescribeFailure(error, false);
    } catch (const std::exception& error) {
        return {"XX000", "unexpected failure in pg_lifeboat", error.what(), {}, false};
    }
}

void Connect(const LeaderRequest& request) {
    Pg([&request] {
        BackgroundWorkerInitializeConnectionByOid(request.database_oid, request.role_oid, 0);
    });
}

void Lead(dsm_handle handle, int64_t run_id) {
    const RunSegment run = Pg([&] { return AttachRunSegment(handle, run_id); });
    if (run.shared == nullptr)
        throw Error::WithSqlState("57P01", "run " + std::to_string(run_id) + " has ended");
    run.shared->leader_pid = MyProcPid;
    RunInterrupt interrupt(run.shared);
    RunLink link(run, interrupt);
    const FatalWatch watch(link);
    const LeaderRequest request = ReadLeaderRequest(run);
    OutliveLockGroup();
    Connect(request);

    LeaderInterrupt leader_interrupt(interrupt, run.shared, request);
    FailedMessage failure;
    try {
        ObjectContext context = MakeObjectContext(request, run.shared, interrupt);
        LeaderWork work{run, request, context, link, leader_interrupt, interrupt};
        BackUp(work);
        return;
    } catch (...) {
        failure = CurrentFailure();
    }
    link.SendLast(failure);
}

} // namespace

// --- RunLink, LeaderInterrupt ---

RunLink::RunLink(const RunSegment& run, Interrupt& interrupt) : interrupt_(interrupt) {
    queue_ = Pg([&run] {
        auto* queue = static_cast<shm_mq*>(shm_toc_lookup(run.toc, kTocQueue, false));
        shm_mq_set_sender(queue, MyProc);
        MemoryContext before = MemoryContextSwitchTo(TopMemoryContext);
        shm_mq_handle* attached = shm_mq_attach(queue, run.segment, nullptr);
        MemoryContextSwitchTo(before);
        return attached;
    });
}

// True when it is out. Throws when the run is gone.
bool RunLink::TryOut(const std::string& bytes) {
    const shm_mq_result result =
        Pg([&] { return shm_mq_send(queue_, bytes.size(), bytes.data(), true, true); });
    if (result == SHM_MQ_DETACHED) {
        throw Error::WithSqlState("57P01", "the run has ended without waiting for its leader");
    }
    return result == SHM_MQ_SUCCESS;
}

void RunLink::Send(const LeaderMessage& message) {
    pending_ = Encode(message);
    while (!TryOut(pending_)) WaitForLatch(200, interrupt_);
    pending_.clear();
}

void RunLink::SendObjects(std::vector<ObjectRecord> records, const TocEntry& entry,
                          uint32_t order) {
    for (ObjectRecord& record : records) {
        TocEntry line = entry;
        line.object = record.name;
        line.detail.part = record.part;
        line.detail.parts = record.parts;
        line.detail.rows = record.rows;
        Send(ObjectMessage{std::move(record), {std::move(line)}, order});
    }
}

void RunLink::SendLast(const FailedMessage& message) noexcept {
    try {
        const HoldInterrupts hold;
        NeverInterrupted never;
        const std::string bytes = Encode(LeaderMessage(message));
        for (int i = 0; i < 50; ++i) {
            if (!pending_.empty() && TryOut(pending_)) pending_.clear();
            if (pending_.empty() && TryOut(bytes)) return;
            WaitForLatch(20, never);
        }
    } catch (...) { // NOLINT(bugprone-empty-catch): the run sees that its leader is gone
    }
}

void LeaderInterrupt::Check() {
    next_.Check();
    const uint64_t stored = pg_atomic_read_u64(&shared_->stored_bytes);
    if (request_.max_stored_bytes > 0 && stored > request_.max_stored_bytes) {
        throw Error(Errc::LimitExceeded,
                    "the backup has grown beyond max_stored_bytes (" +
                        std::to_string(request_.max_stored_bytes) + ")",
                    HumanBytes(stored) +
                        " are stored already. What was written is debris and will be removed.",
                    "Raise max_stored_bytes of the schedule, or exclude tables.");
    }
    if (request_.yield_to_ddl) CheckWaiting();
}

// Once a second: does anybody who wants a table for himself wait for us longer than he should?
void LeaderInterrupt::CheckWaiting() {
    const TimestampTz now = GetCurrentTimestamp();
    if (!IsTransactionState()) return;
    if (looked_at_ != 0 && !TimestampDifferenceExceeds(looked_at_, now, 1000)) return;
    looked_at_ = now;
    if (!Pg([] { return ActiveSnapshotSet(); })) return;
    const HoldInterrupts hold; // an object may be open
    const Rows rows = Query(
        "SELECT l.pid, n.nspname, c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE NOT l.granted AND l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND "
        "l.database = $1::oid"
        " AND l.waitstart < clock_timestamp() - $2::float8 * interval '1 millisecond'"
        " AND pg_backend_pid() = ANY (pg_blocking_pids(l.pid)) LIMIT 1",
        {std::to_string(MyDatabaseId), std::to_string(request_.lock_patience_ms)}, true);
    if (rows.empty()) return;
    const Row& row = rows[0];
    throw StartOver(Error::WithSqlState(
        "55P03",
        "the backup gave way to process " + row[0].value_or("?") + ", which waits for table " +
            QualifiedName(row[1].value_or(""), row[2].value_or("")),
        "The schedule says yield_to_ddl, and the session has waited longer than lock_patience."));
}

} // namespace lifeboat::pg

extern "C" PGDLLEXPORT void LifeboatLeaderMain(Datum handle);

void LifeboatLeaderMain(Datum handle) {
    pqsignal(SIGTERM, die);
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    BackgroundWorkerUnblockSignals();
    lifeboat::pg::Boundary([handle] {
        lifeboat::pg::Lead(DatumGetUInt32(handle),
                           std::strtoll(MyBgworkerEntry->bgw_extra, nullptr, 10));
    });
}
