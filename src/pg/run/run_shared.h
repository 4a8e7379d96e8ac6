// What a run shares with its starter, its leader and its workers: one dynamic shared memory
// segment.
//
//   starter (a backend or the launcher)  creates it, writes the request, registers `lifeboat run`
//   run      attaches and pins it, writes its row, fills in the leader's request, registers
//   `lifeboat leader` leader   attaches, sends messages (messages.h) through the queue, publishes
//   progress workers  attach by handle, add to the progress counters readers  (backup_progress)
//   attach by the handle in the run's row and check magic and run id
//
// Everything that several processes write is atomic or under `lock`; text is copied whole.
#pragma once

#include <optional>
#include <string_view>

#include "pg/postgres.h"

extern "C" {
#include <port/atomics.h>
#include <storage/dsm.h>
#include <storage/shm_mq.h>
#include <storage/shm_toc.h>
#include <storage/spin.h>
}

namespace lifeboat::pg {

inline constexpr uint64_t kRunMagic = 0x4C49464542303031ULL; // "LIFEB001"

// shm_toc keys
inline constexpr uint64_t kTocShared = 1;  // RunShared
inline constexpr uint64_t kTocRequest = 2; // RunRequest, written by the starter
inline constexpr uint64_t kTocLeaderRequest =
    3; // LeaderRequest, written by the run before it starts the leader
inline constexpr uint64_t kTocQueue = 4; // shm_mq leader → run

inline constexpr size_t kLeaderRequestBytes = 256 * 1024;
inline constexpr size_t kQueueBytes = 256 * 1024;

// A request in shared memory: a length and its bytes.
struct SharedText {
    uint64_t length;
    char data[FLEXIBLE_ARRAY_MEMBER];
};

enum class RunState : uint32_t { kStarting, kQueued, kRunning, kSucceeded, kFailed, kCancelled };
enum class RunPhase : uint32_t {
    kNone,
    kSnapshot,
    kSchema,
    kData,
    kLargeObjects,
    kManifest,
    kVerify,
    kPrune,
    // Of a restore, which has schema and data, too.
    kPreflight,
    kSequences,
    kIndexes,
    kFinish,
    // Of a copy.
    kCopy
};
const char* RunPhaseName(RunPhase phase);
std::optional<RunPhase> ParseRunPhase(std::string_view name);

struct RunError {
    char sqlstate[6];
    char message[2048];
    char detail[4096];
    char hint[1024];
};

struct RunShared {
    uint64_t magic;
    int64_t run_id;
    slock_t lock;

    // Life. Whoever changes the state sets the starter's latch.
    pg_atomic_uint32 state;            // RunState
    pg_atomic_uint32 cancel_requested; // by backup_cancel, or by the run to its leader
    pg_atomic_uint32 starter_waits; // 1 while a caller waits for the end; its death cancels the run
    pg_atomic_uint32 starter_gone;
    pid_t starter_pid;
    pid_t run_pid;
    pid_t leader_pid;
    char backup_id[128]; // under lock; empty until known
    RunError error;      // under lock; valid in kFailed, kCancelled

    // The run's key, wiped by the run when it ends.
    bool has_run_key;
    unsigned char run_key[32];

    // Progress.
    pg_atomic_uint32 phase;       // RunPhase
    pg_atomic_uint32 workers;     // streaming now, the leader included when it streams
    pg_atomic_uint64 bytes_total; // heap + TOAST (+ large objects) to read: an estimate that only
                                  // grows more exact
    pg_atomic_uint64 bytes_done;  // of these
    pg_atomic_uint64 rows_done;
    pg_atomic_uint64 raw_bytes;     // text
    pg_atomic_uint64 waiting_bytes; // of these not known to be stored yet
    pg_atomic_uint64 stored_bytes;  // written to the store: max_stored_bytes is checked against it
    pg_atomic_uint64 objects_done;
    TimestampTz snapshot_at;            // 0 until taken; under lock
    TimestampTz data_at;                // when the first bytes of data were begun; under lock
    char relation[2 * NAMEDATALEN + 2]; // schema.name last begun; under lock
    pg_atomic_uint32 lock_holder;       // pid that `relation` is waited for; 0: no wait
};

// The starter's side.
struct RunSegment {
    dsm_segment* segment = nullptr;
    RunShared* shared = nullptr;
    shm_toc* toc = nullptr;
};
// Raises (ereport): call inside Pg().
RunSegment CreateRunSegment(int64_t run_id, std::string_view request);
// nullptr shared when the segment is gone or not ours. Call inside Pg().
RunSegment AttachRunSegment(dsm_handle handle, int64_t run_id);

void SetRunError(RunShared* shared, std::string_view sqlstate, std::string_view message,
                 std::string_view detail, std::string_view hint) noexcept;
// Sets the latch of a process of this server if it is still there.
void WakeProcess(pid_t pid) noexcept;

} // namespace lifeboat::pg
