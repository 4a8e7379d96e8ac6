#include "pg/sql/health_retention.h"

#include "core/base/count.h"
#include "pg/catalog/retention.h"

namespace lifeboat::pg {
namespace {

constexpr size_t kMostListed = 5;

// Newest first.
std::string List(const std::vector<std::string>& ids) {
    std::string text;
    for (size_t i = 0; i < ids.size() && i < kMostListed; ++i)
        text += (text.empty() ? "" : ", ") + ids[i];
    return ids.size() > kMostListed ? text + ", …" : text;
}

} // namespace

void CheckRetention(const Home& home, ResultSet& result) {
    std::map<std::string, std::vector<std::string>> without_rule; // by store
    for (const KeptCopy& copy : DecideForCatalog(home)) {
        if (copy.decision.rule == "no_policy") without_rule[copy.store].push_back(copy.backup_id);
    }
    for (const StoreRecord& store : LoadStores(home)) {
        const Rows rows = Query(
            home.Sql("SELECT action = 'store.prune_failed', detail ->> 'error', at::text FROM "
                     "@.backup_events WHERE subject = $1 AND action IN ('store.prune', "
                     "'store.prune_failed') ORDER BY id DESC LIMIT 1"),
            {store.name});
        if (!rows.empty() && IsTrue(rows[0][0])) {
            result.Add({std::string("retention"), store.name, std::string("warning"),
                        "the last prune failed at " + *rows[0][2] + ": " + rows[0][1].value_or(""),
                        "SELECT * FROM backup_prune(" + QuoteLiteral(store.name) +
                            ", dry_run => false);"});
        }
        const std::vector<std::string>& ids = without_rule[store.name];
        if (ids.empty()) continue;
        result.Add({std::string("retention"), store.name, std::string("ok"),
                    Count(ids.size(), "backup") + " of no schedule with keep rules " +
                        (ids.size() == 1 ? "stays: " : "stay: ") + List(ids),
                    std::string("SELECT * FROM backup_prune();")});
    }
}

} // namespace lifeboat::pg
