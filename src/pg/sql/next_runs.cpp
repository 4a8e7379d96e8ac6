// backup_next_runs, and the due time that backup_status shows.
#include "core/schedule/cron.h"
#include "pg/bridge/times.h"
#include "pg/sql/call.h"

extern "C" {
#include <utils/timestamp.h>

PG_FUNCTION_INFO_V1(lifeboat_next_runs);
PG_FUNCTION_INFO_V1(lifeboat_next_due);
PGDLLEXPORT Datum lifeboat_next_runs(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_next_due(PG_FUNCTION_ARGS);
}

namespace lifeboat::pg {
namespace {

constexpr int kMostRuns = 10000;

Datum NextRuns(const Call& call) {
    const Cron cron = Cron::Parse(call.Text(0, "cron"));
    const Zone zone = Zone::Find(call.Text(1, "timezone"));
    const int64_t count = call.Int(2, 5);
    if (count < 1 || count > kMostRuns) {
        throw Error(Errc::InvalidValue, "count must be between 1 and " + std::to_string(kMostRuns) +
                                            ", not " + std::to_string(count));
    }
    const TimestampTz after =
        call.IsNull(3) ? GetCurrentTimestamp() : DatumGetTimestampTz(call.Raw(3));
    if (TIMESTAMP_NOT_FINITE(after)) throw Error(Errc::InvalidValue, "after must not be infinite");
    ResultSet result(call.info());
    for (const Cron::Fire& fire : cron.NextRuns(zone, ToInstant(after), static_cast<int>(count))) {
        result.Add({Rfc3339(fire.at), fire.note.empty() ? Value() : Value(fire.note)});
    }
    return result.Done();
}

} // namespace
} // namespace lifeboat::pg

Datum lifeboat_next_runs(PG_FUNCTION_ARGS) {
    return lifeboat::pg::Boundary(
        [&] { return lifeboat::pg::NextRuns(lifeboat::pg::Call(fcinfo)); });
}

Datum lifeboat_next_due(PG_FUNCTION_ARGS) {
    using namespace lifeboat;
    return pg::Boundary([&]() -> Datum {
        const pg::Call call(fcinfo);
        try {
            if (!call.IsNull(0) && !call.IsNull(1) && !call.IsNull(2)) {
                const Cron::Fire fire = Cron::Parse(*call.Get(0))
                                            .Next(Zone::Find(*call.Get(1)),
                                                  pg::ToInstant(DatumGetTimestampTz(call.Raw(2))));
                return TimestampTzGetDatum(pg::ToTimestamp(fire.at));
            }
        } catch (const pg::ServerError&) {
            throw;
        } catch (const Error&) { // NOLINT(bugprone-empty-catch): a zone that tzdata no longer has
        }
        fcinfo->isnull = true;
        return Datum{0};
    });
}
