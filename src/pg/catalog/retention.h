// What the retention rules say of the backups of the catalog.
#pragma once

#include "core/schedule/retention.h"
#include "pg/catalog/repository.h"

namespace lifeboat::pg {

KeepRules LoadKeepRules(const Home& home, const std::string& schedule);

struct KeptCopy {
    std::string backup_id;
    std::string store;
    std::string schedule; // empty: ad hoc
    std::string system_identifier;
    uint64_t bytes = 0; // new in this backup
    RetentionDecision decision;
};

// Of each copy that is not deleted, newest first. Rules apply to backups that this cluster has
// taken or adopted, by the schedule of that name as it is now, when it is of this cluster and still
// of that database: those of other clusters, ad hoc ones and those of a schedule that is gone have
// none. A copy of a cluster that was not adopted has no rules at all. In a transaction, as the
// owner of our tables.
std::vector<KeptCopy> DecideForCatalog(const Home& home);

} // namespace lifeboat::pg
