#include "pg/leader/crew.h"

#include <cstring>

extern "C" {
#include <storage/proc.h>
}

namespace lifeboat::pg {

Crew::Crew(const LeaderWork& work, const std::vector<Job>& jobs) {
    const int wanted =
        static_cast<int>(std::min<size_t>(jobs.size(), static_cast<size_t>(work.request.workers)));
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

bool Crew::Collect(const std::function<void(JobResult)>& take) {
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
            take(DecodeJobResult({static_cast<const char*>(data), size}));
        }
        any_left = any_left || queues_[i] != nullptr;
    }
    return any_left;
}

void Crew::Finish() {
    Pg([this] {
        WaitForParallelWorkersToFinish(context_);
        DestroyParallelContext(context_);
        ExitParallelMode();
    });
}

void Crew::Estimate(size_t jobs, int workers) {
    shm_toc_estimator* estimator = &context_->estimator;
    shm_toc_estimate_chunk(estimator, sizeof(WorkHeader));
    shm_toc_estimate_chunk(estimator, sizeof(Job) * jobs);
    shm_toc_estimate_chunk(estimator, kWorkQueueBytes * static_cast<size_t>(std::max(workers, 1)));
    shm_toc_estimate_keys(estimator, 3);
}

// The context may have been given fewer workers than it was asked for.
void Crew::Fill(const LeaderWork& work, const std::vector<Job>& jobs) {
    header_ = static_cast<WorkHeader*>(shm_toc_allocate(context_->toc, sizeof(WorkHeader)));
    header_->run = dsm_segment_handle(work.run.segment);
    header_->run_id = work.request.run_id;
    strlcpy(header_->snapshot, work.context.snapshot.c_str(), sizeof(header_->snapshot));
    strlcpy(header_->lsn, work.context.lsn.c_str(), sizeof(header_->lsn));
    header_->job_count = static_cast<uint32_t>(jobs.size());
    pg_atomic_init_u32(&header_->next, 0);
    pg_atomic_init_u32(&header_->dismissed, 0);
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

} // namespace lifeboat::pg
