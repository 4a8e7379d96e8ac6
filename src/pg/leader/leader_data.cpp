#include "pg/leader/leader_data.h"

#include "pg/bridge/query.h"

namespace lifeboat::pg {
namespace {

TocEntry TableEntry(const Table& table, ObjectKind kind) {
    TocEntry entry;
    entry.kind = kind;
    const bool through_root = !table.root_name.empty();
    entry.statement =
        MakeCopyStatement({through_root ? table.root_schema : table.schema,
                           through_root ? table.root_name : table.name, table.columns});
    entry.detail.relation = table.oid;
    entry.detail.schema = table.schema;
    entry.detail.name = table.name;
    entry.detail.root_schema = table.root_schema;
    entry.detail.root_name = table.root_name;
    entry.detail.relkind = table.relkind;
    return entry;
}

void DoAlone(LeaderWork& work, const std::vector<Job>& jobs, JobResults& results) {
    const Streaming streaming(work.run.shared);
    for (uint32_t i = 0; i < jobs.size(); ++i) {
        work.interrupt.Check();
        results.Add(i, DoJob(jobs[i], work.context, work.interrupt));
        LimitRelationCache(i + 1);
    }
}

// Serially: their constraints are there already when they are loaded.
void StreamConfig(LeaderWork& work, const std::vector<ConfigTable>& config) {
    for (uint32_t i = 0; i < config.size(); ++i) {
        const ConfigTable& one = config[i];
        TocEntry entry = TableEntry(one.table, ObjectKind::kConfig);
        entry.detail.condition = one.condition;
        const MemoryScope memory("lifeboat configuration");
        std::vector<ObjectRecord> records;
        if (one.condition.empty()) {
            JobProgress progress(work.run.shared, one.table.bytes());
            records =
                StreamRelation(work.context, {one.table.oid, std::nullopt, ObjectKind::kConfig},
                               progress, work.interrupt);
        } else {
            std::string columns;
            for (const std::string& column : one.table.columns)
                columns += (columns.empty() ? "" : ", ") + QuoteIdent(column);
            records = StreamQuery(work.context,
                                  "SELECT " + columns + " FROM " +
                                      QualifiedName(one.table.schema, one.table.name) + " " +
                                      one.condition,
                                  one.table.oid, ObjectKind::kConfig, work.interrupt);
        }
        work.link.SendObjects(std::move(records), entry, i);
    }
}

} // namespace

void JobResults::Add(uint32_t index, std::vector<ObjectRecord> records) {
    const Job& job = jobs_.at(index);
    if (done_[index]) throw Error(Errc::Internal, "a job was reported twice");
    done_[index] = true;
    if (job.kind == JobKind::kTable) {
        work_.link.SendObjects(std::move(records),
                               TableEntry(contents_.tables[job.target], ObjectKind::kData),
                               job.target);
    } else {
        TocEntry entry;
        entry.kind = ObjectKind::kLargeObjects;
        work_.link.SendObjects(std::move(records), entry, job.target);
    }
}

void JobResults::CheckComplete() const {
    const auto missing = std::count(done_.begin(), done_.end(), false);
    if (missing != 0)
        throw Error(Errc::Internal, std::to_string(missing) + " jobs of the backup were not done");
}

DataStream::DataStream(LeaderWork& work, const Contents& contents,
                       const LargeObjectPlan& large_objects)
    : work_(work),
      contents_(contents),
      jobs_(MakeJobs(work.request, contents, large_objects)),
      tables_(static_cast<size_t>(
          std::count_if(jobs_.parallel.begin(), jobs_.parallel.end(),
                        [](const Job& job) { return job.kind == JobKind::kTable; }))),
      parallel_(work, contents, jobs_.parallel),
      serial_(work, contents, jobs_.serial) {}

void DataStream::Begin() {
    SetDataStart(work_.run.shared);
    if (!jobs_.parallel.empty()) crew_.emplace(work_, jobs_.parallel);
}

bool DataStream::Collect() {
    if (!crew_) return false;
    return crew_->Collect(
        [this](JobResult result) { parallel_.Add(result.job, std::move(result.records)); });
}

// What they have stored is told to the run: it removes it when the next attempt begins.
bool DataStream::GiveUp(std::chrono::milliseconds patience) {
    if (!crew_) return true;
    const auto end = std::chrono::steady_clock::now() + patience;
    crew_->Dismiss();
    while (Collect()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        WaitForLatch(20, work_.ending);
    }
    crew_->Finish();
    crew_.reset();
    return true;
}

void DataStream::Finish() {
    SetRunPhase(work_.run.shared, tables_ == 0 && !jobs_.parallel.empty() ? RunPhase::kLargeObjects
                                                                          : RunPhase::kData);
    FinishParallel();
    DoAlone(work_, jobs_.serial, serial_);
    serial_.CheckComplete();
    StreamConfig(work_, contents_.config);
}

void DataStream::FinishParallel() {
    if (!crew_) return;
    const bool alone = crew_->launched() == 0;
    while (!alone && Collect()) {
        if (tables_ > 0 && tables_ < jobs_.parallel.size() && crew_->taken() > tables_)
            SetRunPhase(work_.run.shared, RunPhase::kLargeObjects);
        WaitForLatch(200, work_.interrupt);
    }
    crew_->Finish();
    crew_.reset();
    if (alone) DoAlone(work_, jobs_.parallel, parallel_);
    parallel_.CheckComplete();
}

} // namespace lifeboat::pg
