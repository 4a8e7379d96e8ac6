#include "pg/run/room.h"

namespace lifeboat::pg {
namespace {

struct Estimate {
    uint64_t bytes = 0;
    std::string backup_id;
    uint64_t last_bytes = 0;
};

// Of the same schedule if there is one, else any: a schedule may leave out what another stores.
std::optional<Estimate> EstimateRun(const RunContext& run, const RunPlan& plan) {
    const Rows rows = Query(
        run.home.Sql(
            "SELECT backup_id, stored_bytes, (stored_bytes * least(1, (SELECT database_bytes FROM "
            "@.backup_runs WHERE id = $1::bigint)::numeric / nullif(database_bytes, 0)))::bigint "
            "FROM @.backup_runs WHERE database = $2 AND type = $3 AND status = 'succeeded' AND "
            "stored_bytes IS NOT NULL AND database_bytes IS NOT NULL ORDER BY schedule IS NOT "
            "DISTINCT FROM $4 DESC, id DESC LIMIT 1"),
        {std::to_string(run.id), plan.database.name, std::string(BackupTypeName(plan.type)),
         NullIfEmpty(run.request.schedule)});
    if (rows.empty() || !rows[0][0] || !rows[0][2]) return std::nullopt;
    return Estimate{static_cast<uint64_t>(ToInt(rows[0][2])), *rows[0][0],
                    static_cast<uint64_t>(ToInt(rows[0][1]))};
}

} // namespace

void RequireRoom(const RunContext& run, const RunPlan& plan, Store& store) {
    const std::optional<uint64_t> free = store.Properties().free_bytes;
    SqlTransaction transaction;
    Execute(run.home.Sql("UPDATE @.backup_runs SET database_bytes = pg_database_size($2::oid) "
                         "WHERE id = $1::bigint"),
            {std::to_string(run.id), std::to_string(plan.database.oid)});
    const std::optional<Estimate> estimate = EstimateRun(run, plan);
    transaction.Commit();
    if (!free || !estimate || *free >= estimate->bytes) return;
    throw Error(Errc::DiskFull,
                "store \"" + plan.store.name + "\" has no room for a backup of database \"" +
                    plan.database.name + "\"",
                "It has " + HumanBytes(*free) + " free, and the backup will take about " +
                    HumanBytes(estimate->bytes) + ": backup " + estimate->backup_id + " took " +
                    HumanBytes(estimate->last_bytes) + ".",
                "Enlarge the file system, or remove backups that are no longer needed; what lies "
                "where: SELECT * FROM backup_storage;");
}

} // namespace lifeboat::pg
