// What a run will do, decided from its request, its schedule and the catalogs, with all rights
// checked.
#pragma once

#include "core/format/names.h"
#include "pg/catalog/names.h"
#include "pg/run/run_context.h"

namespace lifeboat::pg {

struct RunPlan {
    std::optional<ScheduleRecord> schedule;
    DatabaseRecord database;
    StoreRecord store;
    std::optional<KeyRecord> key;
    BackupType type = BackupType::kFull;
    Oid role = InvalidOid;
    std::string role_name;
    int workers = 0;
    int64_t timeout_ms = 0;
};

// In a transaction.
RunPlan ResolveRun(const RunContext& run);

} // namespace lifeboat::pg
