// The restore plan: what a restore would do, what it needs, what stands in its way. A pure function
// of the backup and of what was found on the target; the command line and the server's
// backup_restore_plan() print the same rows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/format/manifest.h"
#include "core/format/toc.h"
#include "core/plan/archive.h"

namespace lifeboat {

struct TargetFacts {
    int server_version_num = 0;
    bool database_exists = false;
    bool is_superuser = false;
    bool can_create_database = false;
    std::string role;
    std::vector<std::string> roles;                  // existing
    std::vector<std::string> tablespaces;            // existing
    std::vector<VersionedName> available_extensions; // name, every available version
    std::vector<VersionedName> collation_providers;
    std::optional<uint64_t> free_bytes; // of the data directory's file system, where known
    std::vector<std::string> locales_missing;
};

// From the schema archive's table of contents.
struct ArchiveFacts {
    std::vector<std::string> roles; // owners, and whom grants name
    std::vector<std::string> tablespaces;
};

struct RestoreRequest {
    std::string target_database;
    std::vector<std::string> tables; // patterns, empty: all
    // What the patterns choose (ChooseTables). Unset: the tables they match, and nothing these
    // need.
    std::optional<ArchiveChoice> choice;
    int jobs = 2;
    bool with_globals = false; // roles and tablespaces are restored from the backup first
};

enum class PlanStatus { kReady, kWarning, kBlocked };
std::string_view PlanStatusName(PlanStatus status) noexcept; // "ready", "warning", "blocked"

struct PlanStep {
    int step = 0;
    std::string phase;  // preflight schema data indexes finish
    std::string action; // "check server version", "create database", "load table", …
    std::string object;
    uint64_t bytes = 0;
    uint64_t rows = 0;
    double estimate_seconds = 0;
    PlanStatus status = PlanStatus::kReady;
    std::string detail;
};

// Bytes are those of uncompressed rows; estimates come from the constants in plan_estimates.h. With
// chosen tables large objects are left out, of the sequences those are set that the tables own.
// Throws Error(InvalidValue) for a bad pattern; a pattern that matches nothing is a blocked step.
// Names stand as they are: whoever prints them escapes control characters.
std::vector<PlanStep> MakeRestorePlan(const Manifest& manifest, const std::vector<TocEntry>& toc,
                                      const ArchiveFacts& archive, const TargetFacts& target,
                                      const RestoreRequest& request);
// The worst status of all steps.
PlanStatus PlanVerdict(const std::vector<PlanStep>& steps) noexcept;

// Patterns as psql's \d reads them: `schema.table`, * and ?, double quotes keep case; without a dot
// any schema.
class TablePattern {
public:
    static TablePattern Parse(std::string_view pattern); // throws Error(InvalidValue)
    [[nodiscard]] bool Matches(std::string_view schema, std::string_view name) const;

private:
    std::string schema_glob_;
    std::string name_glob_;
    std::string schema_literal_; // parallel masks: 1 where the character is literal
    std::string name_literal_;
};

// Patterns, and which of them have matched.
class TableMatcher {
public:
    explicit TableMatcher(const std::vector<std::string>& patterns); // as TablePattern::Parse
    bool Matches(std::string_view schema, std::string_view name);
    // The patterns that never matched, as they were written.
    [[nodiscard]] std::vector<std::string> Unmatched() const;

private:
    std::vector<std::string> texts_;
    std::vector<TablePattern> patterns_;
    std::vector<bool> matched_;
};

} // namespace lifeboat
