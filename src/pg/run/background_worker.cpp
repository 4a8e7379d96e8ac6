#include "pg/run/background_worker.h"

#include "pg/run/worker_args.h"

extern "C" {
#include <miscadmin.h>
#include <utils/memutils.h>
}

namespace lifeboat::pg {

BackgroundWorkerHandle* StartWorker(const WorkerToStart& wanted) {
    BackgroundWorker worker{};
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = BGW_NEVER_RESTART;
    strlcpy(worker.bgw_library_name, kLibrary, BGW_MAXLEN);
    strlcpy(worker.bgw_function_name, wanted.function, BGW_MAXLEN);
    strlcpy(worker.bgw_name, wanted.name.c_str(), BGW_MAXLEN);
    strlcpy(worker.bgw_type, wanted.type, BGW_MAXLEN);
    worker.bgw_main_arg = UInt32GetDatum(wanted.segment);
    worker.bgw_notify_pid = MyProcPid;
    std::copy_n(wanted.extra.begin(), std::min<size_t>(wanted.extra.size(), BGW_EXTRALEN),
                worker.bgw_extra);
    BackgroundWorkerHandle* handle = nullptr;
    const bool registered = Pg([&] {
        MemoryContext context = MemoryContextSwitchTo(TopMemoryContext);
        const bool ok = RegisterDynamicBackgroundWorker(&worker, &handle);
        MemoryContextSwitchTo(context);
        return ok;
    });
    if (registered) return handle;
    throw Error(Errc::LimitExceeded,
                std::string("no background worker slot is free for ") + wanted.needed_for,
                "max_worker_processes is " + std::to_string(max_worker_processes) +
                    "; a run needs one for itself, one for its leader and one per dump worker.",
                "Raise max_worker_processes and restart the server, or wait for other workers to "
                "end.");
}

} // namespace lifeboat::pg
