// Which relations a backup reads, locked before its snapshot is taken and checked under it.
//
// LockRelations repeats until nothing new appears; then the snapshot is taken; DescribeRelations
// reads the catalogs under it and compares every relation's file and columns with what was locked.
// A relation that was rewritten or altered in between ends the attempt (StartOver): under the
// snapshot it would be read wrongly.
#pragma once

#include "core/plan/segments.h"
#include "pg/leader/snapshot.h"
#include "pg/run/messages.h"
#include "pg/run/run_shared.h"

namespace lifeboat::pg {

struct Table {
    Oid oid = InvalidOid;
    std::string schema, name;
    char relkind = 'r';
    std::vector<std::string> columns; // live and not generated, in attnum order
    bool heap = true;
    bool parallel_safe = true; // all output functions are
    RelationSize size;
    std::string root_schema, root_name; // loaded through this partition root
    [[nodiscard]] uint64_t bytes() const noexcept;
};

struct ConfigTable {
    Table table;
    std::string condition; // "WHERE …" or empty
};

struct Sequence {
    Oid oid = InvalidOid;
    std::string schema, name;
};

struct Contents {
    std::vector<Table> tables;       // by schema and name
    std::vector<ConfigTable> config; // referenced tables first
    std::vector<Sequence> sequences; // by schema and name
};

// ACCESS SHARE on every table and sequence that pg_dump would dump. StartOver when a lock was not
// to be had within the patience; 53200 when they would fill the lock table; 55000 when the session
// that waits for this run holds a lock that conflicts.
std::vector<Oid> LockRelations(RunShared& shared, int lock_patience_ms, Interrupt& interrupt);

// Under the snapshot. 42501 when the role may not read something that is to be dumped.
Contents DescribeRelations(const LeaderRequest& request, const std::vector<Oid>& locked,
                           Interrupt& interrupt);

// "schema.name", quoted as needed; for messages.
std::string QualifiedName(const std::string& schema, const std::string& name);

} // namespace lifeboat::pg
