#include "cli/selection.h"

#include <algorithm>

#include "cli/sql_splitter.h"

namespace lifeboat::cli {

Selection::Selection(Session& session, const std::vector<std::string>& patterns) {
    session.ReadChecked(session.Need(ObjectKind::kSchema), archive_);
    if (!patterns.empty()) Choose(session.toc(), patterns);
    for (const auto& entry : session.toc()) {
        if (!Wants(entry)) continue;
        entries_.push_back(&entry);
        raw_bytes_ += session.Record(entry).raw_bytes;
    }
}

bool Selection::Wants(const TocEntry& entry) const {
    switch (entry.kind) {
    case ObjectKind::kData:
        return !choice_ || choice_->tables.contains({entry.detail.schema, entry.detail.name});
    case ObjectKind::kConfig: // comes with the extension, not with chosen tables
    case ObjectKind::kLargeObjects: return !choice_; // belong to no table
    default: return false;
    }
}

void Selection::Choose(const std::vector<TocEntry>& toc, const std::vector<std::string>& patterns) {
    const std::string bytes = archive_.ReadAll();
    const auto archive_toc = ParseArchiveToc(AsBytes(bytes));
    TableMatcher matcher(patterns);
    std::set<QualifiedName> tables;
    for (const auto& entry : archive_toc) {
        if (entry.description == "TABLE" && matcher.Matches(entry.schema, entry.tag))
            tables.emplace(entry.schema, entry.tag);
    }
    for (const auto& entry : toc) {
        if (entry.kind != ObjectKind::kData) continue;
        if (matcher.Matches(entry.detail.schema, entry.detail.name))
            tables.emplace(entry.detail.schema, entry.detail.name);
    }
    matcher.RequireAllUsed();
    choice_ = ChooseFromArchive(archive_toc, tables);
    list_ = std::make_unique<AnonymousFile>();
    list_->Write(AsBytes(ArchiveList(archive_toc, *choice_)));
}

std::vector<QualifiedName> Selection::empty() const {
    return choice_ ? choice_->empty : std::vector<QualifiedName>{};
}

std::set<QualifiedName> Selection::Names() const {
    std::set<QualifiedName> names;
    for (const auto* entry : entries_) {
        if (entry->kind == ObjectKind::kLargeObjects) continue;
        names.emplace(entry->detail.schema, entry->detail.name);
    }
    return names;
}

std::vector<std::string> Selection::patterns() const {
    std::vector<std::string> patterns;
    if (!partial()) return patterns;
    for (const auto& [schema, name] : Names()) {
        patterns.push_back(QuoteName(schema) + "." + QuoteName(name));
    }
    return patterns;
}

bool Selection::WantsSequence(const std::string& statement) const {
    return !choice_ || IsSetvalOf(statement, choice_->sequences);
}

TableMatcher::TableMatcher(const std::vector<std::string>& patterns)
    : texts_(patterns), used_(patterns.size(), false) {
    for (const auto& text : texts_) patterns_.push_back(TablePattern::Parse(text));
}

bool TableMatcher::Matches(std::string_view schema, std::string_view name) {
    bool matches = false;
    for (size_t i = 0; i < patterns_.size(); ++i) {
        if (!patterns_[i].Matches(schema, name)) continue;
        used_[i] = true;
        matches = true;
    }
    return matches;
}

void TableMatcher::RequireAllUsed() const {
    const auto unused = std::ranges::find(used_, false);
    if (unused == used_.end()) return;
    const std::string& text = texts_[static_cast<size_t>(unused - used_.begin())];
    throw Error(Errc::NotFound, "no table in the backup matches \"" + Printable(text) + "\"", {},
                "Type \"lifeboat show ID --store URL\" with a key to see the tables.");
}

bool IsSetvalOf(const std::string& statement, const std::set<QualifiedName>& sequences) {
    constexpr std::string_view kCall = "setval('";
    const size_t open = statement.find(kCall);
    if (open == std::string::npos) return false;
    std::string name; // the literal's value: quotes undoubled
    for (size_t at = open + kCall.size(); at < statement.size(); ++at) {
        if (statement[at] == '\'') {
            if (at + 1 >= statement.size() || statement[at + 1] != '\'') break;
            ++at;
        }
        name.push_back(statement[at]);
    }
    return std::ranges::any_of(sequences, [&](const auto& sequence) {
        return name == QuoteIdentifier(sequence.first) + "." + QuoteIdentifier(sequence.second);
    });
}

} // namespace lifeboat::cli
