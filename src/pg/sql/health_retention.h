// The rows of backup_health about retention.
#pragma once

#include "pg/catalog/repository.h"
#include "pg/sql/call.h"

namespace lifeboat::pg {

// Per store: whether the last prune did what it should, and which backups no rule applies to.
void CheckRetention(const Home& home, ResultSet& result);

} // namespace lifeboat::pg
