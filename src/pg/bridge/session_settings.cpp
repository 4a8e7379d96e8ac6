#include "pg/bridge/session_settings.h"

extern "C" {
#include <postmaster/interrupt.h>
#include <storage/latch.h>
#include <utils/guc.h>
#include <utils/wait_event.h>
}

namespace lifeboat::pg {

void PinSessionSettings() {
    static constexpr std::pair<const char*, const char*> kSettings[] = {
        {"search_path", "pg_catalog, pg_temp"},
        {"synchronous_commit", "local"},
        {"default_transaction_isolation", "read committed"},
        {"default_transaction_read_only", "off"},
        {"default_transaction_deferrable", "off"},
        {"statement_timeout", "0"},
        {"lock_timeout", "0"},
        {"row_security", "on"},
        {"DateStyle", "ISO"},
        {"IntervalStyle", "postgres"},
        {"client_min_messages", "error"},
        {"jit", "off"}, // short queries: compiling one costs more than it gains
    };
    for (const auto& setting : kSettings) {
        Pg([&] { SetConfigOption(setting.first, setting.second, PGC_SUSET, PGC_S_OVERRIDE); });
    }
}

void WaitAndReload(int timeout_ms) {
    Pg([timeout_ms] {
        (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout_ms,
                        PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        if (ConfigReloadPending) {
            ConfigReloadPending = false;
            ProcessConfigFile(PGC_SIGHUP);
        }
    });
}

} // namespace lifeboat::pg
