#include "pg/run/leader_process.h"

#include <cstring>

#include "pg/run/background_worker.h"
#include "pg/run/worker_args.h"

extern "C" {
#include <storage/latch.h>
#include <storage/proc.h>
#include <utils/memutils.h>
#include <utils/timestamp.h>
#include <utils/wait_event.h>
}

namespace lifeboat::pg {
namespace {

constexpr int kPollMs = 500;
constexpr int kEndPatienceMs = 10000;

void WriteLeaderRequest(RunContext& run, const LeaderRequest& request) {
    const std::string encoded = Encode(request);
    if (encoded.size() > kLeaderRequestBytes) {
        throw Error(Errc::LimitExceeded, "the schedule's lists of tables are too long",
                    "Together they must stay below " + HumanBytes(kLeaderRequestBytes) + ".");
    }
    auto* text =
        static_cast<SharedText*>(shm_toc_lookup(run.segment.toc, kTocLeaderRequest, false));
    text->length = encoded.size();
    std::memcpy(text->data, encoded.data(), encoded.size());
}

// SIGTERM is postponed while it is handled; the wait itself must not be ended by it.
void WaitShortly() noexcept {
    try {
        Pg([] {
            (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 20,
                            PG_WAIT_EXTENSION);
            ResetLatch(MyLatch);
        });
    } catch (...) { // NOLINT(bugprone-empty-catch): the caller counts the time
    }
}

} // namespace

LeaderProcess::LeaderProcess(RunContext& run, const LeaderRequest& request) : run_(run) {
    WriteLeaderRequest(run, request);
    auto* queue = static_cast<shm_mq*>(shm_toc_lookup(run.segment.toc, kTocQueue, false));
    Pg([queue] { shm_mq_set_receiver(queue, MyProc); });
    Register();
    queue_ = Pg([&] {
        MemoryContext context = MemoryContextSwitchTo(TopMemoryContext);
        shm_mq_handle* attached = shm_mq_attach(queue, run.segment.segment, handle_);
        MemoryContextSwitchTo(context);
        return attached;
    });
}

// The leader reads database and role from its request.
void LeaderProcess::Register() {
    handle_ = StartWorker({kLeaderFunction, "lifeboat leader " + run_.request.database,
                           "lifeboat leader", dsm_segment_handle(run_.segment.segment),
                           std::to_string(run_.id), "the run's leader"});
}

bool LeaderProcess::Gone() noexcept {
    pid_t pid = 0;
    const BgwHandleStatus status = GetBackgroundWorkerPid(handle_, &pid);
    return status == BGWH_STOPPED || status == BGWH_POSTMASTER_DIED;
}

LeaderMessage LeaderProcess::Receive() {
    bool was_gone = false;
    while (true) {
        Size length = 0;
        void* data = nullptr;
        const shm_mq_result result =
            Pg([&] { return shm_mq_receive(queue_, &length, &data, true); });
        if (result == SHM_MQ_SUCCESS) {
            return DecodeLeaderMessage({static_cast<const char*>(data), length});
        }
        if (result == SHM_MQ_DETACHED || was_gone) {
            throw Error::WithSqlState("57P02", "the leader of the run ended without a word",
                                      "It was killed, or could not connect to the database.",
                                      "The server's log says why.");
        }
        was_gone = Gone(); // one more look: its last words may lie in the queue
        if (!was_gone) WaitRun(*run_.stop, kPollMs);
    }
}

LeaderProcess::~LeaderProcess() {
    const TimestampTz limit = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kEndPatienceMs);
    if (!finished_ && !Gone()) {
        pg_atomic_write_u32(&run_.shared()->cancel_requested, 1);
        TerminateBackgroundWorker(handle_);
    }
    while (!Gone() && GetCurrentTimestamp() < limit) WaitShortly();
    pfree(handle_);
}

} // namespace lifeboat::pg
