// The restore engine: one road from a backup to a new database, used by `lifeboat restore` and, as
// a child, by the server.
//
//   preflight → create and mark the database → schema (pg_restore, pre-data) → rows (N connections)
//   → sequences, large objects → indexes, constraints, triggers, refreshes (pg_restore -j,
//   post-data) → statistics → the database's own properties, mark removed
//
// Whatever ends it early leaves the target marked; the same restore again drops the marked database
// and starts over.
#pragma once

#include <optional>

#include "cli/restore/load.h"
#include "cli/restore/preflight.h"

namespace lifeboat::cli {

struct RestoreOptions {
    std::string conninfo;
    std::string database;
    std::vector<std::string> tables; // patterns; empty: everything
    bool with_globals = false;
    int jobs = 2;
    std::string bin_directory;
};

struct RestoreReport {
    uint64_t tables = 0;
    uint64_t rows = 0;
    uint64_t bytes = 0;
    double seconds = 0;
};

// `session` is open and its contents are read.
RestoreReport RestoreBackup(Session& session, const RestoreOptions& options, Progress& progress,
                            Interrupt& interrupt);

} // namespace lifeboat::cli
