// The process `lifeboat run N`: one run, restore or copy, from its row to its end.
#include <cstring>

#include "pg/bridge/session_settings.h"
#include "pg/run/run_context.h"
#include "pg/run/run_record.h"
#include "pg/run/worker_args.h"
#include "pg/shmem.h"

extern "C" {
#include <pgstat.h>
#include <postmaster/interrupt.h>
#include <tcop/tcopprot.h>

PGDLLEXPORT void LifeboatRunMain(Datum arg);
}

namespace lifeboat::pg {
namespace {

void FindOurTables(RunContext& run) {
    SqlTransaction transaction;
    const std::optional<Home> home = FindHome();
    if (!home)
        throw Error(Errc::WrongState, "extension pg_lifeboat is not in the control database");
    run.home = *home;
    transaction.Commit();
}

RunRequest ReadRequest(const RunContext& run) {
    const auto* text =
        static_cast<const SharedText*>(shm_toc_lookup(run.segment.toc, kTocRequest, false));
    return DecodeRunRequest({text->data, text->length});
}

Ending Describe(const RunStop& stop, const Error& error) {
    Ending ending{"failed", std::string(error.sqlstate()), error.message(), error.detail(),
                  error.hint()};
    if (stop.reason() == StopReason::kCancelled) ending.status = "cancelled";
    if (stop.reason() == StopReason::kTerminated || ending.sqlstate == "57P01" ||
        ending.sqlstate == "57P02") {
        ending.status = "interrupted";
        if (stop.reason() == StopReason::kTerminated) {
            ending.message = "the run was ended by an administrator or by a shutdown of the server";
        }
    }
    return ending;
}

void Log(const Ending& ending, int64_t id) {
    const std::string text =
        "lifeboat run " + std::to_string(id) + " " + ending.status + ": " + ending.message;
    Pg([&] {
        ereport(LOG, (errmsg_internal("%s", text.c_str()),
                      ending.detail.empty() ? 0 : errdetail_internal("%s", ending.detail.c_str()),
                      ending.hint.empty() ? 0 : errhint("%s", ending.hint.c_str())));
    });
}

// DROP EXTENSION waits for nobody: what fails first then says something about a table.
bool SaysTableIsGone(const Ending& ending) {
    return ending.status == "failed" && (ending.sqlstate == "42P01" || ending.sqlstate == "3F000");
}

bool ExtensionIsGone() noexcept {
    try {
        SqlTransaction transaction;
        const bool gone = !FindHome();
        transaction.Commit();
        return gone;
    } catch (...) { // NOLINT(bugprone-empty-catch): then it is not what failed
        return false;
    }
}

// The row first, then the starter's answer; a row that cannot be written is said in the log.
void EndBadly(RunContext& run, Ending ending, bool has_row) {
    run.stop->Disarm();
    if (SaysTableIsGone(ending) && ExtensionIsGone()) {
        ending = {"failed", "55000", "extension pg_lifeboat was dropped during the run",
                  "It failed with: " + ending.message, ""};
        if (run.request.kind == "backup")
            ending.hint =
                "What it stored belongs to no backup; a later run into that store "
                "removes it.";
        has_row = false;
    }
    Log(ending, run.id);
    try {
        if (has_row) RecordEnding(run, ending);
    } catch (const std::exception& error) {
        const std::string text = std::string("could not record the end of a run: ") + error.what();
        Pg([&text] { ereport(LOG, (errmsg_internal("%s", text.c_str()))); });
    }
    SetRunError(run.shared(), ending.sqlstate, ending.message, ending.detail, ending.hint);
    SetRunState(run.shared(),
                ending.status == "cancelled" ? RunState::kCancelled : RunState::kFailed);
}

void Work(RunContext& run, bool& has_row) {
    FindOurTables(run);
    run.request = ReadRequest(run);
    {
        SqlTransaction transaction;
        MarkOrphans(run.home);
        transaction.Commit();
    }
    RecordQueued(run);
    has_row = true;
    SetRunState(run.shared(), RunState::kQueued);
    if (run.request.kind == "restore") {
        RunRestore(run);
    } else if (run.request.kind == "copy") {
        RunCopy(run);
    } else {
        RunBackup(run);
    }
    SetRunState(run.shared(), RunState::kSucceeded);
}

void Main(Datum arg) {
    const WorkerArgs args = ReadWorkerArgs();
    RunContext run;
    run.id = args.run_id;
    run.segment = Pg([&] { return AttachRunSegment(DatumGetUInt32(arg), args.run_id); });
    if (run.shared() == nullptr) return; // its starter is gone
    RunStop stop(run.shared());
    run.stop = &stop;
    run.shared()->run_pid = MyProcPid;
    bool has_row = false;
    try {
        Pg([&] { BackgroundWorkerInitializeConnectionByOid(args.database, InvalidOid, 0); });
        PinSessionSettings();
        Pg([] { pgstat_report_appname(MyBgworkerEntry->bgw_type); });
        Work(run, has_row);
    } catch (const Error& error) {
        EndBadly(run, Describe(stop, error), has_row);
    } catch (const std::exception& error) {
        EndBadly(run, {"failed", "XX000", error.what(), "", ""}, has_row);
    }
    explicit_bzero(run.shared()->run_key, sizeof(run.shared()->run_key));
    WakeLauncher(); // there is room for another, or something to try again
}

} // namespace
} // namespace lifeboat::pg

void LifeboatRunMain(Datum arg) {
    pqsignal(SIGTERM, die);
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    BackgroundWorkerUnblockSignals();
    lifeboat::pg::Boundary([arg] { lifeboat::pg::Main(arg); });
}
