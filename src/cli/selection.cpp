#include "cli/selection.h"

#include <algorithm>

#include "cli/sql_splitter.h"

namespace lifeboat::cli {

Selection::Selection(Session& session, const std::vector<std::string>& patterns) {
    session.Read(session.Need(ObjectKind::kSchema), archive_);
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
    choice_ = ChooseTables(archive_toc, toc, patterns);
    if (!choice_->unmatched.empty()) {
        throw Error(
            Errc::NotFound,
            "no table in the backup matches \"" + Printable(choice_->unmatched.front()) + "\"", {},
            "Type \"lifeboat show ID --store URL\" with a key to see the tables.");
    }
    list_ = std::make_unique<AnonymousFile>();
    list_->Write(AsBytes(ArchiveList(archive_toc, *choice_)));
}

uint64_t Selection::tables() const {
    std::set<QualifiedName> names;
    for (const auto* entry : entries_) {
        if (entry->kind == ObjectKind::kLargeObjects) continue;
        names.emplace(entry->detail.schema, entry->detail.name);
    }
    return names.size();
}

bool Selection::WantsSequence(const std::string& statement) const {
    return !choice_ || IsSetvalOf(statement, choice_->sequences);
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
