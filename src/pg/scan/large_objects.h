// Large objects as SQL: lo_create, lo_put in pieces, owner, privileges, comment, security labels; a
// statement a line. The schema archive is made without them, so on every server version these
// objects alone create them.
#pragma once

#include "pg/scan/heap_scan.h"
#include "pg/scan/object_context.h"

namespace lifeboat::pg {

// Large objects with first <= oid <= last.
struct LargeObjectRange {
    Oid first = InvalidOid;
    Oid last = InvalidOid;
};

struct LargeObjectPlan {
    std::vector<LargeObjectRange> ranges;
    uint64_t bytes = 0; // of all, about
};

// Under the snapshot. 42501 when the role may not read some of them: it names a few.
LargeObjectPlan PlanLargeObjects(uint64_t segment_bytes, const std::string& role);

std::vector<ObjectRecord> StreamLargeObjects(const ObjectContext& context, LargeObjectRange range,
                                             JobProgress& progress, Interrupt& interrupt);

} // namespace lifeboat::pg
