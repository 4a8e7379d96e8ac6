// The children that describe what is not rows: pg_dump for the schema archive, pg_dumpall for roles
// and tablespaces.
#pragma once

#include "pg/object_context.h"
#include "pg/snapshot.h"

namespace lifeboat::pg {

struct DumpSource {
    const LeaderRequest& request;
    std::string database;
    std::string encoding;
    std::string snapshot; // exported
};

// pg_dump -Fc of everything but data, under the snapshot, into one object. StartOver when it could
// not get a lock in time or no connection was free; otherwise what it said, in words.
ObjectRecord StreamSchema(const ObjectContext& context, const DumpSource& source,
                          Interrupt& interrupt);

// pg_dumpall --globals-only. `with_passwords`: only a role that may read pg_authid.
ObjectRecord StreamGlobals(const ObjectContext& context, const DumpSource& source,
                           bool with_passwords, Interrupt& interrupt);

} // namespace lifeboat::pg
