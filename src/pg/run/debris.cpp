#include "pg/run/debris.h"

#include "pg/catalog/this_cluster.h"
#include "pg/run/run_locks.h"

namespace lifeboat::pg {
namespace {

std::set<std::string> Ids(const Rows& rows) {
    const std::vector<std::string> ids = Column(rows);
    return {ids.begin(), ids.end()};
}

} // namespace

std::set<std::string> LiveBackups(const Home& home) {
    return Ids(
        Query(home.Sql("SELECT backup_id FROM @.backup_runs WHERE status IN ('queued', "
                       "'running') AND backup_id IS NOT NULL")));
}

Sweeper SweeperOf(const Home& home, const std::string& store) {
    Sweeper sweeper;
    sweeper.system_identifier = SystemIdentifier();
    sweeper.place = Place(home);
    sweeper.alive = LiveBackups(home);
    sweeper.alive.merge(
        Ids(Query(home.Sql("SELECT backup_id FROM @.backup_copies WHERE store = $1 AND status IN "
                           "('queued', 'running')"),
                  {store})));
    sweeper.ended =
        Ids(Query(home.Sql("SELECT backup_id FROM @.backup_runs WHERE status NOT IN ('queued', "
                           "'running') AND backup_id IS NOT NULL")));
    for (const Row& row : Query(home.Sql("SELECT p.backup_id, " + std::string(kIsOwnBackup) +
                                         " FROM @.backup_restore_points p "
                                         "WHERE p.store = $2 AND p.status <> 'deleted'"),
                                {sweeper.system_identifier, store})) {
        sweeper.catalog.insert(*row[0]);
        if (IsTrue(row[1])) sweeper.own.insert(*row[0]);
    }
    return sweeper;
}

SweepReport RemoveDebris(Store& store, const StoreRecord& record, const Sweeper& sweeper,
                         Interrupt& interrupt) {
    const CleanerLock lock(record.store_id);
    if (!lock.taken()) return {};
    store.RemoveStaleTemporaries();
    return Sweep(store, sweeper, interrupt);
}

} // namespace lifeboat::pg
