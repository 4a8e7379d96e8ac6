#include <algorithm>
#include <map>

#include "core/plan/archive.h"
#include "core/plan/restore_plan.h"

namespace lifeboat {
namespace {

constexpr std::string_view kBelonging[] = {
    "ACL",      "CHECK CONSTRAINT",  "COMMENT",    "CONSTRAINT",   "DEFAULT", "FK CONSTRAINT",
    "INDEX",    "INDEX ATTACH",      "POLICY",     "ROW SECURITY", "RULE",    "SECURITY LABEL",
    "SEQUENCE", "SEQUENCE OWNED BY", "STATISTICS", "TABLE ATTACH", "TRIGGER",
};

// Relations come only when chosen or needed; everything else may come along.
bool IsRelation(const ArchiveEntry& entry) {
    constexpr std::string_view kRelations[] = {"TABLE", "VIEW", "MATERIALIZED VIEW",
                                               "FOREIGN TABLE"};
    return std::ranges::find(kRelations, entry.description) != std::end(kRelations);
}

bool Belongs(const ArchiveEntry& entry) {
    return std::ranges::find(kBelonging, entry.description) != std::end(kBelonging);
}

class Chooser {
public:
    explicit Chooser(const std::vector<ArchiveEntry>& entries) : entries_(entries) {
        for (const auto& entry : entries) by_id_.emplace(entry.dump_id, &entry);
    }

    ArchiveChoice Choose(const std::set<QualifiedName>& tables) {
        choice_.tables = tables;
        AddPartitions();
        for (const auto& entry : entries_) {
            if (entry.description == "TABLE" &&
                choice_.tables.contains({entry.schema, entry.tag})) {
                Need(entry.dump_id);
            }
        }
        while (AddBelonging()) {
        }
        Describe();
        return std::move(choice_);
    }

private:
    // A partitioned table stands for its partitions: an attachment depends on both.
    void AddPartitions() {
        bool grown = true;
        while (grown) {
            grown = false;
            for (const auto& entry : entries_) {
                if (entry.description != "TABLE ATTACH") continue;
                const QualifiedName partition{entry.schema, entry.tag};
                for (const int id : entry.dependencies) {
                    const auto* parent = Find(id);
                    if (parent == nullptr ||
                        QualifiedName(parent->schema, parent->tag) == partition)
                        continue;
                    if (!choice_.tables.contains({parent->schema, parent->tag})) continue;
                    grown |= choice_.tables.insert(partition).second;
                }
            }
        }
    }

    // An entry and everything it depends on.
    void Need(int dump_id) {
        std::vector<int> open{dump_id};
        while (!open.empty()) {
            const auto* entry = Find(open.back());
            open.pop_back();
            if (entry == nullptr || !choice_.dump_ids.insert(entry->dump_id).second) continue;
            open.insert(open.end(), entry->dependencies.begin(), entry->dependencies.end());
        }
    }

    bool AddBelonging() {
        bool grown = false;
        for (const auto& entry : entries_) {
            if (choice_.dump_ids.contains(entry.dump_id) || !Belongs(entry)) continue;
            const auto present = [&](int id) { return choice_.dump_ids.contains(id); };
            if (std::ranges::none_of(entry.dependencies, present) || NeedsMoreRelations(entry))
                continue;
            Need(entry.dump_id);
            grown = true;
        }
        return grown;
    }

    bool NeedsMoreRelations(const ArchiveEntry& entry) const {
        std::set<int> seen;
        std::vector<int> open = entry.dependencies;
        while (!open.empty()) {
            const int id = open.back();
            open.pop_back();
            const auto* needed = Find(id);
            if (needed == nullptr || choice_.dump_ids.contains(id) || !seen.insert(id).second)
                continue;
            if (IsRelation(*needed)) return true;
            open.insert(open.end(), needed->dependencies.begin(), needed->dependencies.end());
        }
        return false;
    }

    void Describe() {
        for (const auto& entry : entries_) {
            if (!choice_.dump_ids.contains(entry.dump_id)) continue;
            const QualifiedName name{entry.schema, entry.tag};
            if (entry.description == "SEQUENCE") choice_.sequences.insert(name);
            if (entry.description == "TABLE" && !choice_.tables.contains(name))
                choice_.empty.push_back(name);
        }
    }

    [[nodiscard]] const ArchiveEntry* Find(int id) const {
        const auto found = by_id_.find(id);
        return found == by_id_.end() ? nullptr : found->second;
    }

    const std::vector<ArchiveEntry>& entries_;
    std::map<int, const ArchiveEntry*> by_id_;
    ArchiveChoice choice_;
};

} // namespace

ArchiveChoice ChooseFromArchive(const std::vector<ArchiveEntry>& entries,
                                const std::set<QualifiedName>& tables) {
    return Chooser(entries).Choose(tables);
}

ArchiveChoice ChooseTables(const std::vector<ArchiveEntry>& entries,
                           const std::vector<TocEntry>& toc,
                           const std::vector<std::string>& patterns) {
    TableMatcher matcher(patterns);
    std::set<QualifiedName> tables;
    for (const auto& entry : entries) {
        if (entry.description == "TABLE" && matcher.Matches(entry.schema, entry.tag))
            tables.emplace(entry.schema, entry.tag);
    }
    for (const auto& entry : toc) {
        if (entry.kind == ObjectKind::kData &&
            matcher.Matches(entry.detail.schema, entry.detail.name))
            tables.emplace(entry.detail.schema, entry.detail.name);
    }
    ArchiveChoice choice = ChooseFromArchive(entries, tables);
    choice.unmatched = matcher.Unmatched();
    return choice;
}

std::string ArchiveList(const std::vector<ArchiveEntry>& entries, const ArchiveChoice& choice) {
    std::string list;
    for (const auto& entry : entries) {
        if (choice.dump_ids.contains(entry.dump_id)) list += std::to_string(entry.dump_id) + ";\n";
    }
    return list;
}

} // namespace lifeboat
