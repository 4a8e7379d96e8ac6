#include "pg/run/start_run.h"

#include "pg/run/background_worker.h"
#include "pg/run/worker_args.h"

extern "C" {
#include <utils/guc.h>
#include <utils/memutils.h>
}

namespace lifeboat::pg {

int64_t NewRunId(const Home& home) {
    return std::stoll(*QueryValue(home.Sql("SELECT nextval('@.backup_runs_id_seq')")));
}

StartedRun::StartedRun(int64_t id, const RunRequest& request) : id_(id) {
    const std::string encoded = Encode(request);
    Pg([&] {
        run_ = CreateRunSegment(id_, encoded);
        dsm_pin_mapping(run_.segment);
    });
    pg_atomic_write_u32(&run_.shared->starter_waits, request.wait ? 1 : 0);
    try {
        Register();
    } catch (...) {
        dsm_detach(run_.segment);
        throw;
    }
}

void StartedRun::Register() {
    const WorkerArgs args{id_, MyDatabaseId};
    handle_ = StartWorker({kRunFunction,
                           "lifeboat run " + std::to_string(id_),
                           "lifeboat run",
                           dsm_segment_handle(run_.segment),
                           {reinterpret_cast<const char*>(&args), sizeof(args)},
                           "the run"});
}

StartedRun::~StartedRun() {
    pg_atomic_write_u32(&run_.shared->starter_gone, 1);
    dsm_detach(run_.segment);
    if (handle_ != nullptr) pfree(handle_);
}

RunState StartedRun::state() const noexcept {
    return static_cast<RunState>(pg_atomic_read_u32(&run_.shared->state));
}

bool StartedRun::ended() const noexcept {
    const RunState now = state();
    return now == RunState::kSucceeded || now == RunState::kFailed || now == RunState::kCancelled;
}

bool StartedRun::process_gone() const {
    return Pg([this] {
        pid_t pid = 0;
        const BgwHandleStatus status = GetBackgroundWorkerPid(handle_, &pid);
        return status == BGWH_STOPPED || status == BGWH_POSTMASTER_DIED;
    });
}

std::string StartedRun::backup_id() const {
    char copy[sizeof(run_.shared->backup_id)];
    SpinLockAcquire(&run_.shared->lock);
    std::copy(std::begin(run_.shared->backup_id), std::end(run_.shared->backup_id), copy);
    SpinLockRelease(&run_.shared->lock);
    return copy;
}

Error StartedRun::error() const {
    RunError copy;
    SpinLockAcquire(&run_.shared->lock);
    copy = run_.shared->error;
    SpinLockRelease(&run_.shared->lock);
    const std::string sqlstate = copy.sqlstate[0] != '\0' ? copy.sqlstate : "XX000";
    const std::string message =
        copy.message[0] != '\0' ? copy.message : "run " + std::to_string(id_) + " failed";
    return Error::WithSqlState(sqlstate, message, copy.detail, copy.hint);
}

void StartedRun::RequestCancel() noexcept {
    pg_atomic_write_u32(&run_.shared->cancel_requested, 1);
    if (run_.shared->run_pid != 0) WakeProcess(run_.shared->run_pid);
    // A run that has not begun yet reads the flag when it does.
}

} // namespace lifeboat::pg
