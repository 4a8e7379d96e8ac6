// The table of contents of a backup's schema archive (pg_dump's custom format), for choosing
// tables.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/format/toc.h"

namespace lifeboat {

// One entry of the archive's table of contents.
struct ArchiveEntry {
    int dump_id = 0;
    std::string description; // "TABLE", "INDEX", "FK CONSTRAINT", …
    std::string schema;
    std::string tag; // the name; for things that belong to a table "table name"
    std::vector<int> dependencies;
};

// Formats 1.12 (PostgreSQL 9.x) to 1.16 (17, 18). Error(Unsupported) for a newer one,
// Error(Damaged) for what is no archive.
std::vector<ArchiveEntry> ParseArchiveToc(Bytes archive);

using QualifiedName = std::pair<std::string, std::string>; // schema, name

// What must be restored so that some tables are there with all that belongs to them and all they
// need.
struct ArchiveChoice {
    std::set<int> dump_ids;
    std::set<QualifiedName>
        tables; // chosen: the given ones and, of partitioned tables, their partitions
    std::set<QualifiedName> sequences; // that came along
    std::vector<QualifiedName>
        empty; // tables that come along without rows, because a chosen one depends on them
    std::vector<std::string> unmatched; // patterns that no table matches
};

// `tables` names tables of the archive; those it does not know (extension configuration tables) are
// ignored. Indexes, constraints, defaults, triggers, rules, policies, comments and grants come
// along when all the tables they need do; foreign keys to tables that were not chosen do not.
ArchiveChoice ChooseFromArchive(const std::vector<ArchiveEntry>& entries,
                                const std::set<QualifiedName>& tables);

// What patterns choose: tables of the archive, and those whose rows the toc has.
ArchiveChoice ChooseTables(const std::vector<ArchiveEntry>& entries,
                           const std::vector<TocEntry>& toc,
                           const std::vector<std::string>& patterns);

// The list file for pg_restore -L, in the archive's order.
std::string ArchiveList(const std::vector<ArchiveEntry>& entries, const ArchiveChoice& choice);

} // namespace lifeboat
