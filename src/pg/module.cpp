// What the server calls when it loads the module.
#include "pg/settings.h"
#include "pg/shmem.h"

extern "C" {
#include <postmaster/bgworker.h>
#include <utils/guc.h>
}

extern "C" {
PG_MODULE_MAGIC;
PGDLLEXPORT void _PG_init(void);
}

namespace lifeboat::pg {
namespace {

constexpr int kLauncherRestartSeconds = 5;

void RegisterLauncher() {
    BackgroundWorker worker{};
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    // On a standby too: there it sleeps and wakes on promotion.
    worker.bgw_start_time = BgWorkerStart_ConsistentState;
    worker.bgw_restart_time = kLauncherRestartSeconds;
    strlcpy(worker.bgw_library_name, "pg_lifeboat", BGW_MAXLEN);
    strlcpy(worker.bgw_function_name, "LifeboatLauncherMain", BGW_MAXLEN);
    strlcpy(worker.bgw_name, "lifeboat launcher", BGW_MAXLEN);
    strlcpy(worker.bgw_type, "lifeboat launcher", BGW_MAXLEN);
    RegisterBackgroundWorker(&worker);
}

} // namespace
} // namespace lifeboat::pg

void _PG_init() {
    using namespace lifeboat::pg;
    DefineSettings();
    RegisterCommitCallback();
    // No launcher in pg_upgrade: a connection to a database would break it.
    if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade) return;
    RequestSharedState();
    RegisterLauncher();
}
