// What leader and workers share in their parallel context: jobs, heaviest first, taken one by one
// through an atomic counter.
#pragma once

#include "pg/run/messages.h"
#include "pg/run/run_shared.h"
#include "pg/scan/heap_scan.h"
#include "pg/scan/large_objects.h"

namespace lifeboat::pg {

enum class JobKind : uint32_t { kTable, kLargeObjects };

// Plain: lies in shared memory.
struct Job {
    JobKind kind;
    uint32_t target; // index of the table, or of the range of large objects, in the leader's plan
    Oid relation;    // table
    bool has_blocks;
    BlockRange blocks; // of the table
    LargeObjectRange objects;
    uint64_t weight; // bytes of heap and TOAST
};

// Keys of the context's table of contents.
inline constexpr uint64_t kWorkHeader = 1;
inline constexpr uint64_t kWorkJobs = 2;
inline constexpr uint64_t kWorkQueues = 3; // one shm_mq of kWorkQueueBytes for each worker
inline constexpr size_t kWorkQueueBytes = 512 * 1024;

struct WorkHeader {
    dsm_handle run;
    int64_t run_id;
    char snapshot[64];
    char lsn[32];
    uint32_t job_count;
    pg_atomic_uint32 next;
    pg_atomic_uint32 dismissed; // not 0: no job is begun any more
};

// Does one job in this process, under the active snapshot.
std::vector<ObjectRecord> DoJob(const Job& job, const ObjectContext& context, Interrupt& interrupt);

// The request that the run left for its leader.
LeaderRequest ReadLeaderRequest(const RunSegment& run);

// Counts the calling process among those that stream, until the end of the scope.
class Streaming {
public:
    explicit Streaming(RunShared* shared) : shared_(shared) {
        pg_atomic_fetch_add_u32(&shared_->workers, 1);
    }
    Streaming(const Streaming&) = delete;
    Streaming& operator=(const Streaming&) = delete;
    ~Streaming() { pg_atomic_fetch_sub_u32(&shared_->workers, 1); }

private:
    RunShared* shared_;
};

// Sends, waiting for room. Throws when the receiver is gone.
void SendMessage(shm_mq_handle* queue, const std::string& message, Interrupt& interrupt);

} // namespace lifeboat::pg
