// Samples of the WAL position and the next transaction id, from which a backup's Lref is chosen.
//
// The launcher keeps a ring of them in shared memory: one a second for ten minutes, one a minute
// for a day. They do not survive a crash, and must not: a position beyond the surviving end of the
// WAL would be wrong.
#pragma once

#include "pg/postgres.h"

extern "C" {
#include <access/transam.h>
#include <access/xlogdefs.h>
#include <datatype/timestamp.h>
}

namespace lifeboat::pg {

// The insert position, read first, and the next transaction id, read second.
struct Sample {
    XLogRecPtr lsn;
    uint64_t next_xid;
};

inline constexpr size_t kSecondSamples = 600;
inline constexpr size_t kMinuteSamples = 1440;

struct SampleRing {
    uint64_t taken;
    uint32_t minutes;
    TimestampTz last_minute;
    Sample seconds_[kSecondSamples];
    Sample minutes_[kMinuteSamples];
};

// Adds one to the ring; nothing without shared memory or on a standby.
void TakeSample();

// The newest sampled position whose next transaction id was not above `xmin`; false when there is
// none.
bool NewestSampleBefore(FullTransactionId xmin, XLogRecPtr* lref);

} // namespace lifeboat::pg
