#include "pg/sql/uncommitted.h"

extern "C" {
#include <access/transam.h>
#include <access/xact.h>
}

namespace lifeboat::pg {
namespace {

void RefuseRow(const Home& home, const std::string& what, const std::string& name) {
    const char* condition = name.empty() ? " WHERE is_default AND $1 = ''" : " WHERE name = $1";
    const Rows rows =
        Query(home.Sql("SELECT xmin, name FROM @.backup_" + what + "s" + condition), {name});
    if (rows.empty()) return;
    const auto writer = static_cast<TransactionId>(std::stoul(*rows[0][0]));
    if (!TransactionIdIsCurrentTransactionId(writer)) return;
    throw Error(Errc::WrongState,
                what + " \"" + *rows[0][1] +
                    "\" was created or changed in this transaction, which has not committed",
                "A run is another session and cannot see it yet.", "COMMIT first.");
}

} // namespace

void RefuseUncommitted(const Home& home, const RunRequest& request) {
    if (!request.schedule.empty()) RefuseRow(home, "schedule", request.schedule);
    const auto schedule =
        request.schedule.empty() ? std::nullopt : FindSchedule(home, request.schedule);
    RefuseRow(home, "store", request.store.empty() && schedule ? schedule->store : request.store);
    RefuseRow(home, "key",
              request.key.empty() && schedule && schedule->key ? *schedule->key : request.key);
}

} // namespace lifeboat::pg
