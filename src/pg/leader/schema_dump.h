// The children that describe what is not rows: pg_dump for the schema archive, pg_dumpall for roles
// and tablespaces.
#pragma once

#include <memory>

#include "pg/leader/snapshot.h"
#include "pg/scan/object_context.h"

namespace lifeboat {
class ChildProcess;
} // namespace lifeboat

namespace lifeboat::pg {

struct DumpSource {
    const LeaderRequest& request;
    std::string database;
    std::string encoding;
    std::string snapshot; // exported
};

// pg_dump -Fc of everything but data, under the snapshot: at work from the beginning of this object
// to its end.
class SchemaDump {
public:
    SchemaDump(const DumpSource& source, Interrupt& interrupt);
    SchemaDump(const SchemaDump&) = delete;
    SchemaDump& operator=(const SchemaDump&) = delete;
    ~SchemaDump();

    // Waits for the archive, into one object. StartOver when pg_dump could not get a lock in time
    // or no connection was free; otherwise what it said, in words.
    ObjectRecord Stream(const ObjectContext& context, Interrupt& interrupt);

private:
    std::string database_;
    std::unique_ptr<ChildProcess> child_;
};

// pg_dumpall --globals-only. `with_passwords`: only a role that may read pg_authid.
ObjectRecord StreamGlobals(const ObjectContext& context, const DumpSource& source,
                           bool with_passwords, Interrupt& interrupt);

} // namespace lifeboat::pg
