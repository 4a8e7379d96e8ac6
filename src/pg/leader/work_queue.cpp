#include "pg/leader/work_queue.h"

#include <cstring>

#include "pg/bridge/guards.h"
#include "pg/run/run_interrupt.h"

namespace lifeboat::pg {

std::vector<ObjectRecord> DoJob(const Job& job, const ObjectContext& context,
                                Interrupt& interrupt) {
    const MemoryScope memory("lifeboat job");
    JobProgress progress(context.shared, job.weight);
    if (job.kind == JobKind::kLargeObjects)
        return StreamLargeObjects(context, job.objects, progress, interrupt);
    ScanJob scan{job.relation, std::nullopt, ObjectKind::kData};
    if (job.has_blocks) scan.blocks = job.blocks;
    return StreamRelation(context, scan, progress, interrupt);
}

LeaderRequest ReadLeaderRequest(const RunSegment& run) {
    const auto* text =
        static_cast<const SharedText*>(shm_toc_lookup(run.toc, kTocLeaderRequest, true));
    if (text == nullptr || text->length == 0)
        throw Error(Errc::Internal, "the run has left no request for its leader");
    return DecodeLeaderRequest({text->data, text->length});
}

void SendMessage(shm_mq_handle* queue, const std::string& message, Interrupt& interrupt) {
    for (;;) {
        const shm_mq_result result =
            Pg([&] { return shm_mq_send(queue, message.size(), message.data(), true, true); });
        if (result == SHM_MQ_SUCCESS) return;
        if (result == SHM_MQ_DETACHED) {
            throw Error::WithSqlState("57P01", "the process that this backup works for has ended");
        }
        WaitForLatch(200, interrupt);
    }
}

} // namespace lifeboat::pg
