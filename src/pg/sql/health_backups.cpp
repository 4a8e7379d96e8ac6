// backup_health of schedules and backups.
#include "core/base/count.h"
#include "core/schedule/cron.h"
#include "pg/catalog/rights.h"
#include "pg/catalog/this_cluster.h"
#include "pg/sql/health_findings.h"

namespace lifeboat::pg {
namespace {

// What would keep the schedule from running at all.
void CheckSchedule(const ScheduleRecord& schedule) {
    Cron::Parse(schedule.cron);
    Zone::Find(schedule.timezone);
    RequireLogin(schedule.owner);
    if (schedule.database == "*") return;
    const Rows rows =
        Query("SELECT oid, datallowconn FROM pg_database WHERE datname = $1", {schedule.database});
    if (rows.empty() || !IsTrue(rows[0][1])) {
        throw Error(Errc::NotFound, "database \"" + schedule.database +
                                        "\" does not exist or does "
                                        "not accept connections");
    }
    RequireConnect(schedule.owner, ToOid(rows[0][0]), schedule.database);
}

void CheckScheduleRow(Findings& findings, const Home& home, const ScheduleRecord& schedule) {
    const std::string name = QuoteLiteral(schedule.name);
    if (!IsOfThisCluster(schedule)) {
        findings.Add(schedule.name, kWarning,
                     "it belongs to system identifier " + schedule.system_identifier + " in \"" +
                         schedule.data_directory + "\" and does not run here",
                     "If this copy takes over: SELECT backup_adopt(" + name + ");");
        return;
    }
    try {
        CheckSchedule(schedule);
    } catch (const ServerError&) {
        throw;
    } catch (const Error& error) {
        findings.Add(schedule.name, kCritical, error.message(), error.hint());
    }
    const Rows rows = Query(home.Sql("SELECT database, overdue, consecutive_failures, last_error, "
                                     "last_success_at FROM @.backup_status WHERE schedule = $1"),
                            {schedule.name});
    for (const Row& row : rows) {
        if (IsTrue(row[1])) {
            findings.Add(
                schedule.name, kCritical,
                "database \"" + *row[0] +
                    "\" has no backup from its last due time; last: " + row[4].value_or("never"),
                "SELECT backup_run(" + name + ");");
        } else if (ToInt(row[2]) > 0) {
            findings.Add(
                schedule.name, kWarning,
                "database \"" + *row[0] +
                    "\": " + Count(static_cast<uint64_t>(ToInt(row[2])), "run") +
                    " in a row without success: " + row[3].value_or(""),
                "SELECT * FROM backup_runs WHERE schedule = " + name + " ORDER BY id DESC;");
        }
    }
    findings.Ok(schedule.name, schedule.enabled ? "on time" : "paused");
}

} // namespace

void CheckSchedules(const Home& home, ResultSet& result) {
    Findings findings(result, "schedule");
    for (const std::string& name : ScheduleNames(home)) {
        CheckScheduleRow(findings, home, LoadSchedule(home, name));
    }
}

void CheckBackups(const Home& home, ResultSet& result) {
    Findings findings(result, "backup");
    for (const Row& row : Query(home.Sql(
             "SELECT p.backup_id, p.store, (SELECT string_agg(format('\"%s\"', o.store), ', ' "
             "ORDER BY "
             "o.store) FROM @.backup_restore_points o WHERE o.backup_id = p.backup_id AND o.status "
             "= 'available'), (SELECT count(*) FROM @.backup_restore_points o WHERE o.backup_id = "
             "p.backup_id) FROM @.backup_restore_points p WHERE p.status = 'damaged' ORDER BY "
             "p.taken_at, p.store"))) {
        const std::string id = QuoteLiteral(*row[0]);
        if (ToInt(row[3]) == 1) {
            findings.Add(*row[0], kCritical, "it is damaged",
                         "SELECT * FROM backup_verify(" + id + ");");
        } else if (row[2]) {
            findings.Add(*row[0], kCritical,
                         "its copy in store \"" + *row[1] + "\" is damaged; sound in " + *row[2],
                         "To copy it anew: SELECT backup_delete(" + id +
                             "); SELECT * FROM backup_copy(" + id + ", " + QuoteLiteral(*row[1]) +
                             ");");
        } else {
            findings.Add(
                *row[0], kCritical,
                "its copy in store \"" + *row[1] + "\" is damaged, and no other is sound",
                "SELECT * FROM backup_verify(" + id + ", store => " + QuoteLiteral(*row[1]) + ");");
        }
    }
}

// A copy that failed is a warning, one that is missing for a day is critical.
void CheckCopies(const Home& home, ResultSet& result) {
    Findings findings(result, "copy");
    const Rows rows = Query(home.Sql(
        "SELECT store, coalesce(schedule, ''), count(*) FILTER (WHERE attempts > 0 OR wanted_at < "
        "clock_timestamp() - interval '1 hour'), min(wanted_at), min(wanted_at) < "
        "clock_timestamp() - interval '1 day', (array_agg(error ORDER BY finished_at DESC NULLS "
        "LAST))[1] FROM @.backup_copies WHERE retry AND status <> 'succeeded' GROUP BY store, "
        "schedule ORDER BY store, schedule"));
    for (const Row& row : rows) {
        const auto late = static_cast<uint64_t>(ToInt(row[2]));
        if (late == 0) continue;
        findings.Add(*row[0], IsTrue(row[4]) ? kCritical : kWarning,
                     Count(late, "backup") + " of schedule \"" + *row[1] +
                         "\" could not be copied since " + *row[3] + ": " +
                         row[5].value_or("no attempt was made"),
                     "It is tried again until it succeeds: SELECT * FROM backup_copies WHERE store "
                     "= " +
                         QuoteLiteral(*row[0]) + " AND status <> 'succeeded';");
    }
}

} // namespace lifeboat::pg
