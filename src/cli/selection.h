// What of a backup is wanted: everything, or the tables that --table names with what belongs to
// them.
#pragma once

#include <memory>
#include <optional>

#include "cli/archive.h"
#include "cli/session.h"
#include "core/plan/restore_plan.h"

namespace lifeboat::cli {

class Selection {
public:
    // Reads the schema archive. Error(NotFound) names a pattern that matches no table.
    Selection(Session& session, const std::vector<std::string>& patterns);

    // Were tables chosen? Then large objects, materialized views' rows, publications and the like
    // stay out.
    [[nodiscard]] bool partial() const noexcept { return choice_.has_value(); }
    [[nodiscard]] const AnonymousFile& archive() const noexcept { return archive_; }
    // For pg_restore -L; null when everything is wanted.
    [[nodiscard]] const AnonymousFile* list() const noexcept { return list_.get(); }
    // The wanted entries of kind data, config and large_objects, in toc order.
    [[nodiscard]] const std::vector<const TocEntry*>& entries() const noexcept { return entries_; }
    // One pattern for each chosen table that has rows; none when everything is wanted.
    [[nodiscard]] std::vector<std::string> patterns() const;
    // Tables without rows that chosen ones depend on.
    [[nodiscard]] std::vector<QualifiedName> empty() const;
    [[nodiscard]] uint64_t raw_bytes() const noexcept { return raw_bytes_; }
    [[nodiscard]] uint64_t tables() const { return Names().size(); }
    // Is a statement of the `sequences` object wanted?
    [[nodiscard]] bool WantsSequence(const std::string& statement) const;

private:
    [[nodiscard]] std::set<QualifiedName> Names() const;
    [[nodiscard]] bool Wants(const TocEntry& entry) const;
    void Choose(const std::vector<TocEntry>& toc, const std::vector<std::string>& patterns);

    AnonymousFile archive_;
    std::unique_ptr<AnonymousFile> list_;
    std::optional<ArchiveChoice> choice_;
    std::vector<const TocEntry*> entries_;
    uint64_t raw_bytes_ = 0;
};

// --table patterns, and which of them have matched.
class TableMatcher {
public:
    explicit TableMatcher(const std::vector<std::string>& patterns);
    bool Matches(std::string_view schema, std::string_view name);
    // Error(NotFound) for a pattern that never matched.
    void RequireAllUsed() const;

private:
    std::vector<std::string> texts_;
    std::vector<TablePattern> patterns_;
    std::vector<bool> used_;
};

// Is this `SELECT pg_catalog.setval('schema.name', …)` of one of these sequences?
bool IsSetvalOf(const std::string& statement, const std::set<QualifiedName>& sequences);

} // namespace lifeboat::cli
