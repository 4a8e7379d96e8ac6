// What backup_restore_plan and backup_restore are both given.
#pragma once

#include "core/plan/restore_plan.h"
#include "pg/catalog/stored_backup.h"
#include "pg/sql/call.h"

namespace lifeboat::pg {

struct RestoreArguments {
    RestorePoint point;
    RestoreRequest request;
};
// Arguments 0 to 4: backup_id, target_database, tables, mode, jobs. Error(Unsupported) for a mode
// of a later version.
RestoreArguments ReadRestoreArguments(const Call& call, const Home& home);

// `<database>_restored_<time>`, cut to what a name may have.
std::string DefaultTarget(const std::string& database, Instant now);

} // namespace lifeboat::pg
