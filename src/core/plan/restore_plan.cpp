#include "core/plan/restore_plan.h"

#include <algorithm>
#include <map>

#include "core/plan/plan_estimates.h"
#include "core/plan/preflight.h"

namespace lifeboat {
namespace {

constexpr int kFirstVersionWithStatistics = 180000; // that pg_restore can bring

struct Load { // of one table, from all its objects
    ObjectKind kind = ObjectKind::kData;
    std::string object;
    std::string root; // loaded through it, if not empty
    uint64_t objects = 0;
    uint64_t bytes = 0;
    uint64_t rows = 0;
};

std::string Counted(uint64_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string RelationName(const std::string& schema, const std::string& name) {
    return schema.empty() ? QuoteIdentifier(name)
                          : QuoteIdentifier(schema) + "." + QuoteIdentifier(name);
}

class Planner {
public:
    Planner(const Manifest& manifest, const std::vector<TocEntry>& toc,
            const RestoreRequest& request)
        : manifest_(manifest),
          toc_(toc),
          request_(request),
          jobs_(std::max(request.jobs, 1)),
          matcher_(request.tables) {
        for (const auto& record : manifest.objects) records_.emplace(record.name, &record);
        CollectLoads();
    }

    std::vector<PlanStep> Make(const ArchiveFacts& archive, const TargetFacts& target) {
        PlanPreflight({manifest_, archive, target, request_, bytes_}, steps_);
        CheckPatterns();
        Schema();
        Data();
        Indexes();
        Finish(target);
        for (size_t i = 0; i < steps_.size(); ++i) steps_[i].step = static_cast<int>(i) + 1;
        return std::move(steps_);
    }

private:
    PlanStep& Add(std::string phase, std::string action, std::string object, double seconds) {
        PlanStep& step = steps_.emplace_back();
        step.phase = std::move(phase);
        step.action = std::move(action);
        step.object = std::move(object);
        step.estimate_seconds = seconds;
        return step;
    }

    [[nodiscard]] bool partial() const noexcept { return !request_.tables.empty(); }

    bool Chosen(const TocEntry& entry) {
        if (!partial()) return true;
        const TocDetail& detail = entry.detail;
        if (!request_.choice) return matcher_.Matches(detail.schema, detail.name);
        return entry.kind == ObjectKind::kData && // configuration tables come with extensions
               request_.choice->tables.contains({detail.schema, detail.name});
    }

    void CollectLoads() {
        std::map<std::pair<std::string, ObjectKind>, size_t> known;
        for (const auto& entry : toc_) {
            if (entry.kind == ObjectKind::kLargeObjects && !partial())
                bytes_ += Record(entry).raw_bytes;
            if (entry.kind != ObjectKind::kData && entry.kind != ObjectKind::kConfig) continue;
            if (!Chosen(entry)) continue;
            const std::string object = RelationName(entry.detail.schema, entry.detail.name);
            const auto [at, fresh] = known.try_emplace({object, entry.kind}, loads_.size());
            if (fresh) {
                const bool through = !entry.detail.root_name.empty();
                loads_.push_back(
                    {entry.kind, object,
                     through ? RelationName(entry.detail.root_schema, entry.detail.root_name) : "",
                     0, 0, 0});
            }
            Load& load = loads_[at->second];
            const ObjectRecord record = Record(entry);
            ++load.objects;
            load.bytes += record.raw_bytes;
            load.rows += record.rows;
            bytes_ += record.raw_bytes;
        }
        std::ranges::stable_sort(loads_, [](const Load& a, const Load& b) {
            return std::pair(a.kind == ObjectKind::kConfig, b.bytes) <
                   std::pair(b.kind == ObjectKind::kConfig, a.bytes);
        });
    }

    // Of the manifest; of the toc alone where the manifest does not know the object.
    ObjectRecord Record(const TocEntry& entry) const {
        if (const auto found = records_.find(entry.object); found != records_.end())
            return *found->second;
        ObjectRecord record;
        record.rows = entry.detail.rows;
        return record;
    }

    // Objects, bytes and rows of a kind together.
    Load Sum(ObjectKind kind) const {
        Load sum;
        for (const auto& entry : toc_) {
            if (entry.kind != kind) continue;
            const ObjectRecord record = Record(entry);
            ++sum.objects;
            sum.bytes += record.raw_bytes;
            sum.rows += record.rows;
        }
        return sum;
    }

    void CheckPatterns() {
        const auto unmatched = request_.choice ? request_.choice->unmatched : matcher_.Unmatched();
        for (const auto& pattern : request_.tables) {
            PlanStep& step = Add("preflight", "check tables", pattern, 0);
            const bool matched = std::ranges::find(unmatched, pattern) == unmatched.end();
            step.detail =
                matched ? "found in the backup" : "no table of the backup matches this pattern";
            if (!matched) step.status = PlanStatus::kBlocked;
        }
        if (!request_.choice) return;
        for (const auto& [schema, name] : request_.choice->empty) {
            Add("preflight", "check tables", RelationName(schema, name), 0).detail =
                "comes along without rows: a chosen table depends on it";
        }
    }

    void Schema() {
        if (request_.with_globals && Sum(ObjectKind::kGlobals).objects > 0) {
            Add("schema", "restore globals", "roles and tablespaces", kCreateDatabaseSeconds)
                .detail = "those that exist already stay as they are";
        }
        Add("schema", "create database", request_.target_database, kCreateDatabaseSeconds).detail =
            "with owner, rights, comment and settings of database \"" +
            Printable(manifest_.database.name) + "\"";
        const Load schema = Sum(ObjectKind::kSchema);
        const auto tables =
            static_cast<double>(std::max<size_t>(manifest_.totals.tables, loads_.size()));
        PlanStep& step =
            Add("schema", "restore schema", "pre-data", tables * kSchemaSecondsPerTable);
        step.bytes = schema.bytes;
        step.detail =
            partial() ? "what the chosen tables need" : Counted(manifest_.totals.tables, "table");
    }

    void Data() {
        for (const auto& load : loads_) {
            const bool config = load.kind == ObjectKind::kConfig;
            const auto streams =
                config ? 1 : std::min<uint64_t>(load.objects, static_cast<uint64_t>(jobs_));
            const double work = static_cast<double>(load.bytes) / kLoadBytesPerSecond +
                                static_cast<double>(load.objects) * kLoadSecondsPerObject;
            PlanStep& step = Add("data", config ? "load configuration table" : "load table",
                                 load.object, work / static_cast<double>(streams));
            step.bytes = load.bytes;
            step.rows = load.rows;
            step.detail = Counted(load.objects, "object") + ", " + Counted(streams, "stream");
            if (!load.root.empty()) step.detail += ", through its partition root " + load.root;
        }
        if (const Load sequences = Sum(ObjectKind::kSequences); sequences.objects > 0) {
            PlanStep& step = Add("data", "set sequences", "sequences", kLoadSecondsPerObject);
            step.bytes = sequences.bytes;
            step.rows = sequences.rows;
            if (partial()) step.detail = "those that the chosen tables own";
        }
        if (partial()) return; // large objects belong to no table
        if (const Load large = Sum(ObjectKind::kLargeObjects); large.objects > 0) {
            PlanStep& step = Add("data", "load large objects", "large objects",
                                 static_cast<double>(large.bytes) / kLargeObjectBytesPerSecond);
            step.bytes = large.bytes;
            step.rows = large.rows;
            step.detail = Counted(large.objects, "object");
        }
    }

    void Indexes() {
        PlanStep& step = Add("indexes", "build indexes and constraints", "post-data",
                             static_cast<double>(bytes_) / kIndexBytesPerSecond / jobs_);
        step.bytes = bytes_;
        step.detail = Counted(static_cast<uint64_t>(jobs_), "job");
    }

    void Finish(const TargetFacts& target) {
        const auto tables = static_cast<double>(loads_.size());
        if (!partial() && target.server_version_num >= kFirstVersionWithStatistics &&
            Sum(ObjectKind::kStatistics).objects > 0) {
            Add("finish", "restore statistics", request_.target_database,
                tables * kSchemaSecondsPerTable);
        } else {
            Add("finish", "analyze", request_.target_database,
                tables * kAnalyzeSecondsPerTable / jobs_)
                .detail = Counted(loads_.size(), "table");
        }
    }

    const Manifest& manifest_;
    const std::vector<TocEntry>& toc_;
    const RestoreRequest& request_;
    int jobs_;
    std::map<std::string_view, const ObjectRecord*> records_;
    TableMatcher matcher_;
    std::vector<Load> loads_;
    uint64_t bytes_ = 0; // of rows and large objects that will be loaded
    std::vector<PlanStep> steps_;
};

} // namespace

std::string_view PlanStatusName(PlanStatus status) noexcept {
    switch (status) {
    case PlanStatus::kReady: return "ready";
    case PlanStatus::kWarning: return "warning";
    case PlanStatus::kBlocked: return "blocked";
    }
    return "blocked";
}

std::vector<PlanStep> MakeRestorePlan(const Manifest& manifest, const std::vector<TocEntry>& toc,
                                      const ArchiveFacts& archive, const TargetFacts& target,
                                      const RestoreRequest& request) {
    return Planner(manifest, toc, request).Make(archive, target);
}

PlanStatus PlanVerdict(const std::vector<PlanStep>& steps) noexcept {
    PlanStatus worst = PlanStatus::kReady;
    for (const auto& step : steps) worst = std::max(worst, step.status);
    return worst;
}

} // namespace lifeboat
