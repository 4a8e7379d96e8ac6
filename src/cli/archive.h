// The schema archive of a backup (pg_dump's custom format): on disk for pg_restore, and its table
// of contents for choosing tables.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/base/unique_fd.h"
#include "core/io/stream.h"

namespace lifeboat::cli {

// A file without a name below TMPDIR (it is gone with this process, however that ends) which child
// programs open by path().
class AnonymousFile final : public Sink {
public:
    AnonymousFile();
    void Write(Bytes bytes) override;
    void Finish() override {}
    // Below /proc: good while this process lives.
    [[nodiscard]] std::string path() const;
    [[nodiscard]] std::string ReadAll() const;

private:
    UniqueFd fd_;
};

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
};

// `tables` names tables of the archive; those it does not know (extension configuration tables) are
// ignored. Indexes, constraints, defaults, triggers, rules, policies, comments and grants come
// along when all the tables they need do; foreign keys to tables that were not chosen do not.
ArchiveChoice ChooseFromArchive(const std::vector<ArchiveEntry>& entries,
                                const std::set<QualifiedName>& tables);

// The list file for pg_restore -L, in the archive's order.
std::string ArchiveList(const std::vector<ArchiveEntry>& entries, const ArchiveChoice& choice);

} // namespace lifeboat::cli
