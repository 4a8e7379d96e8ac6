// A parallel worker of a leader: takes jobs, streams them to objects, reports each.
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/unique_fd.h"
#include "pg/bridge/bridge.h"
#include "pg/leader/work_queue.h"
#include "pg/run/run_interrupt.h"
#include "pg/settings.h"

extern "C" {
#include <access/parallel.h>
#include <storage/proc.h>
}

namespace lifeboat::pg {
namespace {

shm_mq_handle* AttachQueue(dsm_segment* segment, shm_toc* toc) {
    return Pg([&] {
        auto* queues = static_cast<char*>(shm_toc_lookup(toc, kWorkQueues, false));
        auto* queue = reinterpret_cast<shm_mq*>(queues + static_cast<size_t>(ParallelWorkerNumber) *
                                                             kWorkQueueBytes);
        shm_mq_set_sender(queue, MyProc);
        return shm_mq_attach(queue, segment, nullptr);
    });
}

// Finished jobs, reported together once the store says that their objects are durable.
class Reports {
public:
    Reports(Store& store, shm_mq_handle* queue, Interrupt& interrupt)
        : store_(store), queue_(queue), interrupt_(interrupt) {
        store_.DeferDurability();
    }
    void Add(JobResult result) {
        waiting_.push_back(std::move(result));
        const auto now = std::chrono::steady_clock::now();
        // To wait for what is still being sent would leave the line idle behind it.
        const bool is_time = now - sent_ >= kLongestWait && store_.BytesWaiting() == 0;
        if (waiting_.size() < kMostWaiting && !is_time) return;
        Send();
        sent_ = std::chrono::steady_clock::now();
    }
    // What a job had stored that was left in the middle: it is going to be removed.
    void AddLeft(JobResult result) {
        if (!result.records.empty()) waiting_.push_back(std::move(result));
    }
    void Send() {
        store_.Sync(interrupt_);
        SendUnsynced();
    }
    // Enough for what is going to be removed.
    void SendUnsynced() {
        for (const JobResult& result : waiting_) SendMessage(queue_, Encode(result), interrupt_);
        waiting_.clear();
    }

private:
    static constexpr size_t kMostWaiting = 2048;
    static constexpr std::chrono::seconds kLongestWait{10};

    Store& store_;
    shm_mq_handle* queue_;
    Interrupt& interrupt_;
    std::vector<JobResult> waiting_;
    std::chrono::steady_clock::time_point sent_ = std::chrono::steady_clock::now();
};

// Every wait of the store looks at it: so the progress goes on while a worker waits for the store.
class PublishingInterrupt final : public Interrupt {
public:
    explicit PublishingInterrupt(RunInterrupt& next) : next_(next) {}
    void Publish(const ObjectContext& context) { context_ = &context; }
    void Check() override {
        if (context_ != nullptr) context_->PublishWaiting();
        next_.Check();
    }

private:
    RunInterrupt& next_;
    const ObjectContext* context_ = nullptr;
};

class WorkerInterrupt final : public Interrupt {
public:
    WorkerInterrupt(RunInterrupt& next, WorkHeader& header) : next_(next), header_(header) {}
    void Check() override {
        next_.Check();
        if (pg_atomic_read_u32(&header_.dismissed) != 0) throw Dismissed();
    }

private:
    RunInterrupt& next_;
    WorkHeader& header_;
};

void DoJobs(WorkHeader& header, const Job* jobs, const ObjectContext& context, Reports& reports,
            Interrupt& interrupt) {
    for (uint32_t done = 1;; ++done) {
        interrupt.Check();
        const uint32_t next = pg_atomic_fetch_add_u32(&header.next, 1);
        if (next >= header.job_count) return;
        context.parts_of_job->clear();
        try {
            reports.Add({next, DoJob(jobs[next], context, interrupt)});
        } catch (const Dismissed&) {
            reports.AddLeft({next, *context.parts_of_job});
            throw;
        }
        LimitRelationCache(done);
    }
}

// Where the kernel shares the processor out among sessions (sched(7), "The autogroup feature"),
// nice values count within one only, and each server process is one: then the session's own is set.
void BeNiceSession(int value) {
    const UniqueFd autogroup(::open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC));
    const std::string text = std::to_string(value);
    // Best effort: where there is no such file, the nice value is enough.
    if (autogroup.valid() && ::write(autogroup.get(), text.data(), text.size()) < 0) return;
}

// For good: the process ends with the run. The kernel derives the priority of its reads and writes
// from this, where the disk's scheduler knows priorities.
void BeNice() {
    if (WorkerNice() == 0) return;
    errno = 0;
    const int value = nice(WorkerNice());
    if (value == -1 && errno != 0) {
        Pg([] { ereport(LOG, errmsg("could not lower the priority of a dump worker: %m")); });
        return;
    }
    BeNiceSession(value);
}

// Each object takes and gives back some buffers of 256 KiB: from the system each time, they would
// be new pages each time.
void KeepMemory() {
    constexpr int kLargest = 8 << 20;
    mallopt(M_MMAP_THRESHOLD, kLargest);
    mallopt(M_TRIM_THRESHOLD, 2 * kLargest);
}

void Work(dsm_segment* segment, shm_toc* toc) {
    BeNice();
    KeepMemory();
    auto* header =
        static_cast<WorkHeader*>(Pg([toc] { return shm_toc_lookup(toc, kWorkHeader, false); }));
    const auto* jobs =
        static_cast<const Job*>(Pg([toc] { return shm_toc_lookup(toc, kWorkJobs, false); }));
    shm_mq_handle* queue = AttachQueue(segment, toc);
    const RunSegment run = Pg([header] {
        const RunSegment attached = AttachRunSegment(header->run, header->run_id);
        if (attached.segment != nullptr)
            dsm_pin_mapping(attached.segment); // until the process ends
        return attached;
    });
    if (run.shared == nullptr)
        throw Error::WithSqlState("57P01", "the run has ended without waiting for its workers");

    RunInterrupt interrupt(run.shared);
    PublishingInterrupt store_interrupt(interrupt);
    ObjectContext context = MakeObjectContext(ReadLeaderRequest(run), run.shared, store_interrupt);
    store_interrupt.Publish(context);
    context.snapshot = header->snapshot;
    context.lsn = header->lsn;
    const Streaming streaming(run.shared);
    std::vector<ObjectRecord> parts;
    context.parts_of_job = &parts;
    Reports reports(*context.store, queue, interrupt);
    WorkerInterrupt worker_interrupt(interrupt, *header);
    try {
        DoJobs(*header, jobs, context, reports, worker_interrupt);
        reports.Send();
    } catch (const Dismissed&) {
        reports.SendUnsynced();
    }
    context.NothingWaits();
    Pg([queue] { shm_mq_detach(queue); });
}

} // namespace
} // namespace lifeboat::pg

extern "C" PGDLLEXPORT void LifeboatWorkerMain(dsm_segment* segment, shm_toc* toc);

void LifeboatWorkerMain(dsm_segment* segment, shm_toc* toc) {
    lifeboat::pg::Boundary([segment, toc] { lifeboat::pg::Work(segment, toc); });
}
