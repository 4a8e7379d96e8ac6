// The data of a backup: cut into jobs, given to parallel workers, and what they may not do done by
// the leader itself.
#include <cstring>

#include "pg/leader.h"
#include "pg/query.h"

extern "C" {
#include <access/parallel.h>
#include <storage/proc.h>
#include <utils/inval.h>
}

namespace lifeboat::pg {
namespace {

constexpr uint32_t kKeepCached = 4096;

struct Jobs {
    std::vector<Job> parallel; // tables heaviest first, then large objects
    std::vector<Job> serial;   // by the leader: types whose output functions are not parallel safe
};

void AddTable(Jobs& jobs, const Table& table, uint32_t index, uint64_t segment_bytes) {
    std::vector<Job>& list = table.parallel_safe ? jobs.parallel : jobs.serial;
    Job job{JobKind::kTable, index, table.oid, false, {}, {}, table.bytes()};
    if (!table.heap || table.size.heap_blocks == 0) {
        list.push_back(job);
        return;
    }
    for (const BlockRange& range : CutSegments(table.size, segment_bytes)) {
        job.has_blocks = true;
        job.blocks = range;
        job.weight = SegmentWeight(table.size, range);
        list.push_back(job);
    }
}

// Small enough that no worker is left alone with the last segment for long, and never so small that
// objects become many.
uint64_t SegmentTarget(const LeaderRequest& request, const Contents& contents) {
    constexpr uint64_t kSegmentsPerWorker = 48;
    constexpr uint64_t kLeastBytes = 16 << 20;
    uint64_t bytes = 0;
    for (const Table& table : contents.tables) bytes += table.bytes();
    const auto workers = static_cast<uint64_t>(std::max(request.workers, 1));
    const uint64_t even = std::max(bytes / (workers * kSegmentsPerWorker), kLeastBytes);
    return std::min(even, request.segment_bytes);
}

Jobs MakeJobs(const LeaderRequest& request, const Contents& contents,
              const LargeObjectPlan& large_objects) {
    Jobs jobs;
    const uint64_t segment_bytes = SegmentTarget(request, contents);
    for (size_t i = 0; i < contents.tables.size(); ++i) {
        AddTable(jobs, contents.tables[i], static_cast<uint32_t>(i), segment_bytes);
    }
    std::stable_sort(jobs.parallel.begin(), jobs.parallel.end(),
                     [](const Job& a, const Job& b) { return a.weight > b.weight; });
    const size_t ranges = large_objects.ranges.size();
    for (size_t i = 0; i < ranges; ++i) {
        jobs.parallel.push_back({JobKind::kLargeObjects,
                                 static_cast<uint32_t>(i),
                                 InvalidOid,
                                 false,
                                 {},
                                 large_objects.ranges[i],
                                 large_objects.bytes / ranges});
    }
    return jobs;
}

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

// Sends the objects of finished jobs to the run, each with its line of the toc.
class Results {
public:
    Results(LeaderWork& work, const Contents& contents, const std::vector<Job>& jobs)
        : work_(work), contents_(contents), jobs_(jobs), done_(jobs.size(), false) {}

    void Add(uint32_t index, std::vector<ObjectRecord> records) {
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

    void CheckComplete() const {
        const auto missing = std::count(done_.begin(), done_.end(), false);
        if (missing != 0)
            throw Error(Errc::Internal,
                        std::to_string(missing) + " jobs of the backup were not done");
    }

private:
    LeaderWork& work_;
    const Contents& contents_;
    const std::vector<Job>& jobs_;
    std::vector<bool> done_;
};

// A parallel context with its queues. It ends by Finish(); without that the transaction's abort
// stops the workers.
class Crew {
public:
    Crew(const LeaderWork& work, const std::vector<Job>& jobs) {
        const int wanted = static_cast<int>(
            std::min<size_t>(jobs.size(), static_cast<size_t>(work.request.workers)));
        Pg([&] {
            EnterParallelMode();
            context_ = CreateParallelContext("pg_lifeboat", "LifeboatWorkerMain", wanted);
            Estimate(jobs.size(), wanted);
            InitializeParallelDSM(context_);
            Fill(work, jobs);
            LaunchParallelWorkers(context_);
            for (int i = 0; i < context_->nworkers_launched; ++i) {
                shm_mq_set_handle(queues_[i], context_->worker[i].bgwhandle);
            }
        });
    }

    [[nodiscard]] int launched() const noexcept { return context_->nworkers_launched; }

    // How many jobs have been handed out.
    [[nodiscard]] uint32_t taken() const noexcept { return pg_atomic_read_u32(&header_->next); }

    // Takes whatever the workers have reported; false when all of them are through.
    bool Collect(Results& results) {
        bool any_left = false;
        for (int i = 0; i < launched(); ++i) {
            while (queues_[i] != nullptr) {
                Size size = 0;
                void* data = nullptr;
                const shm_mq_result result =
                    Pg([&] { return shm_mq_receive(queues_[i], &size, &data, true); });
                if (result == SHM_MQ_WOULD_BLOCK) break;
                if (result == SHM_MQ_DETACHED) {
                    queues_[i] = nullptr;
                    break;
                }
                JobResult done = DecodeJobResult({static_cast<const char*>(data), size});
                results.Add(done.job, std::move(done.records));
            }
            any_left = any_left || queues_[i] != nullptr;
        }
        return any_left;
    }

    void Finish() {
        Pg([this] {
            WaitForParallelWorkersToFinish(context_);
            DestroyParallelContext(context_);
            ExitParallelMode();
        });
    }

private:
    void Estimate(size_t jobs, int workers) {
        shm_toc_estimator* estimator = &context_->estimator;
        shm_toc_estimate_chunk(estimator, sizeof(WorkHeader));
        shm_toc_estimate_chunk(estimator, sizeof(Job) * jobs);
        shm_toc_estimate_chunk(estimator,
                               kWorkQueueBytes * static_cast<size_t>(std::max(workers, 1)));
        shm_toc_estimate_keys(estimator, 3);
    }

    // The context may have been given fewer workers than it was asked for.
    void Fill(const LeaderWork& work, const std::vector<Job>& jobs) {
        header_ = static_cast<WorkHeader*>(shm_toc_allocate(context_->toc, sizeof(WorkHeader)));
        header_->run = dsm_segment_handle(work.run.segment);
        header_->run_id = work.request.run_id;
        strlcpy(header_->snapshot, work.context.snapshot.c_str(), sizeof(header_->snapshot));
        strlcpy(header_->lsn, work.context.lsn.c_str(), sizeof(header_->lsn));
        header_->job_count = static_cast<uint32_t>(jobs.size());
        pg_atomic_init_u32(&header_->next, 0);
        shm_toc_insert(context_->toc, kWorkHeader, header_);

        void* list = shm_toc_allocate(context_->toc, sizeof(Job) * jobs.size());
        std::memcpy(list, jobs.data(), sizeof(Job) * jobs.size());
        shm_toc_insert(context_->toc, kWorkJobs, list);

        const int workers = context_->nworkers;
        auto* area = static_cast<char*>(shm_toc_allocate(
            context_->toc, kWorkQueueBytes * static_cast<size_t>(std::max(workers, 1))));
        shm_toc_insert(context_->toc, kWorkQueues, area);
        queues_ = static_cast<shm_mq_handle**>(
            palloc0(sizeof(shm_mq_handle*) * static_cast<size_t>(workers + 1)));
        for (int i = 0; i < workers; ++i) {
            shm_mq* queue =
                shm_mq_create(area + static_cast<size_t>(i) * kWorkQueueBytes, kWorkQueueBytes);
            shm_mq_set_receiver(queue, MyProc);
            queues_[i] = shm_mq_attach(queue, context_->seg, nullptr);
        }
    }

    ParallelContext* context_ = nullptr;
    WorkHeader* header_ = nullptr;
    shm_mq_handle** queues_ = nullptr;
};

void DoAlone(LeaderWork& work, const std::vector<Job>& jobs, Results& results) {
    const Streaming streaming(work.run.shared);
    for (uint32_t i = 0; i < jobs.size(); ++i) {
        work.interrupt.Check();
        results.Add(i, DoJob(jobs[i], work.context, work.interrupt));
        if ((i + 1) % kKeepCached == 0) Pg([] { InvalidateSystemCaches(); });
    }
}

size_t CountTables(const std::vector<Job>& jobs) {
    return static_cast<size_t>(std::count_if(
        jobs.begin(), jobs.end(), [](const Job& job) { return job.kind == JobKind::kTable; }));
}

void DoInParallel(LeaderWork& work, const std::vector<Job>& jobs, Results& results) {
    const size_t tables = CountTables(jobs);
    Crew crew(work, jobs);
    const bool alone = crew.launched() == 0;
    while (!alone && crew.Collect(results)) {
        if (tables > 0 && tables < jobs.size() && crew.taken() > tables)
            SetRunPhase(work.run.shared, RunPhase::kLargeObjects);
        WaitForLatch(200, work.interrupt);
    }
    crew.Finish();
    if (alone) DoAlone(work, jobs, results);
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

void StreamData(LeaderWork& work, const Contents& contents, const LargeObjectPlan& large_objects) {
    const Jobs jobs = MakeJobs(work.request, contents, large_objects);
    SetRunPhase(work.run.shared, contents.tables.empty() && !large_objects.ranges.empty()
                                     ? RunPhase::kLargeObjects
                                     : RunPhase::kData);
    if (!jobs.parallel.empty()) {
        Results results(work, contents, jobs.parallel);
        DoInParallel(work, jobs.parallel, results);
        results.CheckComplete();
    }
    Results results(work, contents, jobs.serial);
    DoAlone(work, jobs.serial, results);
    results.CheckComplete();
    StreamConfig(work, contents.config);
}

} // namespace lifeboat::pg
