// What of a backup is wanted: everything, or the tables that --table names with what belongs to
// them.
#pragma once

#include <memory>
#include <optional>

#include "cli/anonymous_file.h"
#include "cli/session.h"
#include "core/plan/archive.h"

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
    // What the patterns chose; unset when everything is wanted.
    [[nodiscard]] const std::optional<ArchiveChoice>& choice() const noexcept { return choice_; }
    [[nodiscard]] uint64_t raw_bytes() const noexcept { return raw_bytes_; }
    [[nodiscard]] uint64_t tables() const; // with rows
    // Is a statement of the `sequences` object wanted?
    [[nodiscard]] bool WantsSequence(const std::string& statement) const;

private:
    [[nodiscard]] bool Wants(const TocEntry& entry) const;
    void Choose(const std::vector<TocEntry>& toc, const std::vector<std::string>& patterns);

    AnonymousFile archive_;
    std::unique_ptr<AnonymousFile> list_;
    std::optional<ArchiveChoice> choice_;
    std::vector<const TocEntry*> entries_;
    uint64_t raw_bytes_ = 0;
};

// Is this `SELECT pg_catalog.setval('schema.name', …)` of one of these sequences?
bool IsSetvalOf(const std::string& statement, const std::set<QualifiedName>& sequences);

} // namespace lifeboat::cli
