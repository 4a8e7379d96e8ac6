// Between the server's clock type and the core's.
#pragma once

#include "core/base/clock.h"
#include "pg/postgres.h"

extern "C" {
#include <datatype/timestamp.h>
}

namespace lifeboat::pg {

inline constexpr int64_t kEpochShift =
    int64_t{POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE} * int64_t{USECS_PER_DAY};

inline Instant ToInstant(TimestampTz when) {
    return Instant(std::chrono::microseconds(when + kEpochShift));
}
inline TimestampTz ToTimestamp(Instant when) {
    return when.time_since_epoch().count() - kEpochShift;
}

} // namespace lifeboat::pg
