// Loading the rows: N connections, the largest objects first, several streams into one table where
// a table has several objects.
//
// An object's rows are committed only after its size, SHA-256, authentication tag and row count all
// matched: what is damaged is rolled back.
#pragma once

#include "cli/progress.h"
#include "cli/restore/connection.h"
#include "cli/session.h"

namespace lifeboat::cli {

struct LoadJob {
    const Session* session = nullptr;
    Target target;
    std::string database;
    int jobs = 2;
};

// A connection to the target database as loading wants it: the backup's encoding and pinned
// settings, no timeouts, no search path.
Connection OpenLoadConnection(Target& target, const std::string& database, const Manifest& manifest,
                              Interrupt& interrupt);

// `entries` of kind data and large_objects in any order and threads, then those of kind config one
// by one in their order (their tables have foreign keys and triggers already). The first error
// stops all. Returns the rows loaded.
uint64_t LoadRows(const LoadJob& job, const std::vector<const TocEntry*>& entries,
                  Progress& progress, Interrupt& interrupt);

} // namespace lifeboat::cli
