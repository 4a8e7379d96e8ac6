// The process `lifeboat launcher`: one, in the control database, restarted by the postmaster.
#include "pg/launcher/launcher.h"

#include "pg/bridge/session_settings.h"
#include "pg/settings.h"
#include "pg/shmem.h"

extern "C" {
#include <access/xlog.h>
#include <commands/dbcommands.h>
#include <pgstat.h>
#include <postmaster/bgworker.h>
#include <postmaster/interrupt.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <tcop/tcopprot.h>
#include <utils/timestamp.h>

PGDLLEXPORT void LifeboatLauncherMain(Datum arg);
}

namespace lifeboat::pg {
namespace {

constexpr int kTickMs = 1000;

template <class Change>
void WithShared(Change&& change) {
    SharedState* shared = Shared();
    LWLockAcquire(shared->lock, LW_EXCLUSIVE);
    change(*shared);
    LWLockRelease(shared->lock);
}

void LeaveSharedState(int /*code*/, Datum /*arg*/) {
    WithShared([](SharedState& shared) {
        shared.launcher_latch = nullptr;
        shared.launcher_pid = 0;
    });
}

void EnterSharedState() {
    WithShared([](SharedState& shared) {
        shared.launcher_latch = MyLatch;
        shared.launcher_pid = MyProcPid;
    });
    before_shmem_exit(LeaveSharedState, Datum{0});
}

void Rest(int timeout_ms) {
    WaitAndReload(timeout_ms);
    CheckInterrupts();
}

// True when it had to wait.
bool WaitForPromotion() {
    if (!RecoveryInProgress()) return false;
    WithShared([](SharedState& shared) { shared.launcher_on_standby = true; });
    while (RecoveryInProgress()) Rest(kTickMs);
    WithShared([](SharedState& shared) { shared.launcher_on_standby = false; });
    return true;
}

// The last connection ended the process: the control database is not there or lets nobody in.
// Without a database of our own we can watch for it.
[[noreturn]] void WaitForDatabase() {
    Pg([] { BackgroundWorkerInitializeConnection(nullptr, nullptr, 0); });
    const std::string name = ControlDatabase();
    Pg([&name] {
        ereport(LOG, (errmsg("lifeboat launcher: waiting for database \"%s\"", name.c_str()),
                      errhint("Create it, or set lifeboat.database.")));
    });
    bool there = false;
    while (!there) {
        Rest(5 * kTickMs);
        Transaction transaction;
        there = Pg([&name] { return OidIsValid(get_database_oid(name.c_str(), true)); });
        transaction.Commit();
    }
    WithShared([](SharedState& shared) { shared.launcher_connecting = false; });
    throw Error::WithSqlState("57P01", "restarting to connect to the control database");
}

void Connect() {
    bool failed_before = false;
    WithShared([&](SharedState& shared) {
        failed_before = shared.launcher_connecting;
        shared.launcher_connecting = true;
    });
    if (failed_before) WaitForDatabase();
    const std::string name = ControlDatabase();
    Pg([&name] { BackgroundWorkerInitializeConnection(name.c_str(), nullptr, 0); });
    WithShared([](SharedState& shared) { shared.launcher_connecting = false; });
    PinSessionSettings();
    Pg([] { pgstat_report_appname(MyBgworkerEntry->bgw_type); });
}

void Launch() {
    EnterSharedState();
    const bool was_standby = WaitForPromotion();
    Connect();
    Scheduler scheduler(was_standby ? "this server was a standby" : "");
    CopyFiller copies;
    while (true) {
        TakeSample();
        scheduler.Tick();
        copies.Tick();
        bool changed = false;
        WithShared([&changed](SharedState& shared) {
            changed = shared.schedules_changed;
            shared.schedules_changed = false;
            shared.last_look = GetCurrentTimestamp();
        });
        if (changed) {
            scheduler.Reload();
            copies.Reload();
            continue;
        }
        Pg([] { pgstat_report_activity(STATE_IDLE, nullptr); });
        Rest(kTickMs);
    }
}

// True: ended by an administrator or a shutdown, about which there is nothing to say.
bool LaunchQuietly() {
    try {
        Launch();
    } catch (const Error& error) {
        if (error.sqlstate() == "57P01") return true;
        throw;
    }
    return false;
}

} // namespace
} // namespace lifeboat::pg

void LifeboatLauncherMain(Datum /*arg*/) {
    pqsignal(SIGTERM, die);
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    BackgroundWorkerUnblockSignals();
    const bool quiet = lifeboat::pg::Boundary([] { return lifeboat::pg::LaunchQuietly(); });
    // Not 0, which would mean never again.
    if (quiet) proc_exit(1);
}
