// Where sequences stand, as SQL. Read after the snapshot: sequences are not transactional, and an
// earlier look could hand out a value twice.
#pragma once

#include "pg/leader/enumerate.h"
#include "pg/scan/object_context.h"

namespace lifeboat::pg {

// One setval a line, by schema and name.
std::vector<ObjectRecord> StreamSequences(const ObjectContext& context,
                                          const std::vector<Sequence>& sequences,
                                          Interrupt& interrupt);

} // namespace lifeboat::pg
