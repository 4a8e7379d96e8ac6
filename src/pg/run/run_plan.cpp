#include "pg/run/run_plan.h"

#include "core/format/backup.h"
#include "pg/catalog/rights.h"
#include "pg/catalog/this_cluster.h"
#include "pg/settings.h"

namespace lifeboat::pg {
namespace {

// A run without a timeout of its own still ends: other cleaners take it for dead then.
constexpr int64_t kLongestRunMs = std::chrono::milliseconds(kLongestRun).count();

std::optional<ScheduleRecord> ScheduleOf(const RunContext& run) {
    if (run.request.schedule.empty()) {
        RequireAtHome(run.home);
        return std::nullopt;
    }
    ScheduleRecord schedule = LoadSchedule(run.home, run.request.schedule);
    if (!IsOfThisCluster(schedule)) {
        throw Error(
            Errc::WrongState, "schedule \"" + schedule.name + "\" belongs to another cluster",
            "It was made for system identifier " + schedule.system_identifier +
                " in data directory \"" + schedule.data_directory + "\"; this is " +
                SystemIdentifier() + " in \"" + DataDirectory() + "\".",
            "If this copy takes over: SELECT backup_adopt(" + QuoteLiteral(schedule.name) + ");");
    }
    return schedule;
}

std::optional<KeyRecord> KeyOf(const RunContext& run, const RunPlan& plan) {
    std::string name = run.request.key;
    if (name.empty() && plan.schedule && plan.schedule->key) name = *plan.schedule->key;
    std::optional<KeyRecord> key;
    if (!name.empty()) {
        key = LoadKey(run.home, name);
    } else {
        key = FindKey(run.home, "");
        if (!key && plan.store.encryption_required) {
            throw Error(Errc::KeyMissing,
                        "store \"" + plan.store.name + "\" requires encryption and there is no key",
                        "",
                        "Make key files with: lifeboat keygen DIR; then call backup_create_key.");
        }
    }
    if (key) RequireKeyUse(*key);
    return key;
}

BackupType TypeOf(const RunContext& run, const RunPlan& plan) {
    std::string name = run.request.type;
    if (name.empty()) name = plan.schedule ? plan.schedule->type : "full";
    const std::optional<BackupType> type = ParseBackupType(name);
    if (!type) {
        throw Error(Errc::InvalidValue, "backup type \"" + Printable(name) + "\" is not known", "",
                    "This version takes type => 'full'.");
    }
    if (*type != BackupType::kFull) ThrowNotYet("backup type \"" + name + "\"");
    return *type;
}

} // namespace

RunPlan ResolveRun(const RunContext& run) {
    RunPlan plan;
    plan.schedule = ScheduleOf(run);
    plan.type = TypeOf(run, plan);
    plan.role = plan.schedule ? plan.schedule->owner : run.request.acting_role;
    RequireLogin(plan.role);
    plan.role_name = RoleName(plan.role);
    plan.database = LoadDatabase(run.request.database);
    if (!plan.database.allows_connections) {
        throw Error(
            Errc::WrongState, "database \"" + plan.database.name + "\" does not accept connections",
            "", "ALTER DATABASE " + QuoteIdent(plan.database.name) + " ALLOW_CONNECTIONS true;");
    }
    RequireConnect(plan.role, plan.database.oid, plan.database.name);
    std::string store = run.request.store;
    if (store.empty() && plan.schedule) store = plan.schedule->store;
    plan.store = LoadStore(run.home, store);
    RequireStoreUse(plan.store);
    plan.key = KeyOf(run, plan);
    plan.workers =
        plan.schedule && plan.schedule->workers ? *plan.schedule->workers : DefaultWorkers();
    plan.timeout_ms = plan.schedule && plan.schedule->timeout_ms > 0
                          ? std::min(plan.schedule->timeout_ms, kLongestRunMs)
                          : kLongestRunMs;
    return plan;
}

} // namespace lifeboat::pg
