// Reading a relation, or a range of its blocks, under the active snapshot, and streaming its rows
// to objects.
#pragma once

#include "pg/scan/object_context.h"

namespace lifeboat::pg {

// Adds a job's share of the run's bytes as the job goes on.
class JobProgress {
public:
    JobProgress(RunShared* shared, uint64_t weight) : shared_(shared), weight_(weight) {}
    // So much of the whole is done.
    void Set(uint64_t done, uint64_t whole);
    void Finish() { Set(1, 1); }

private:
    RunShared* shared_;
    uint64_t weight_;
    uint64_t published_ = 0;
};

// A relation's entry in the cache stays when it is closed. Called with the number of relations
// opened so far, drops all entries at every 4096th, so that memory does not grow with their number.
void LimitRelationCache(size_t opened);

struct ScanJob {
    Oid relation = InvalidOid;
    std::optional<BlockRange> blocks; // none: the whole relation, by its access method
    ObjectKind kind = ObjectKind::kData;
};

// Rows in the order of their place, as COPY … TO STDOUT writes them. All parts, at least one
// object.
std::vector<ObjectRecord> StreamRelation(const ObjectContext& context, const ScanJob& job,
                                         JobProgress& progress, Interrupt& interrupt);

// The rows of a query (extension configuration with a condition).
std::vector<ObjectRecord> StreamQuery(const ObjectContext& context, const std::string& sql,
                                      Oid relation, ObjectKind kind, Interrupt& interrupt);

} // namespace lifeboat::pg
