// backup_schedule, backup_alter_schedule, backup_unschedule, backup_pause, backup_resume,
// backup_adopt.
#include "pg/catalog/copies.h"
#include "pg/catalog/names.h"
#include "pg/catalog/this_cluster.h"
#include "pg/shmem.h"
#include "pg/sql/call.h"
#include "pg/sql/schedule_options.h"

extern "C" {
PG_FUNCTION_INFO_V1(lifeboat_schedule);
PG_FUNCTION_INFO_V1(lifeboat_alter_schedule);
PG_FUNCTION_INFO_V1(lifeboat_unschedule);
PG_FUNCTION_INFO_V1(lifeboat_pause);
PG_FUNCTION_INFO_V1(lifeboat_resume);
PG_FUNCTION_INFO_V1(lifeboat_adopt);
PGDLLEXPORT Datum lifeboat_schedule(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_alter_schedule(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_unschedule(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_pause(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_resume(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_adopt(PG_FUNCTION_ARGS);
}

namespace lifeboat::pg {
namespace {

constexpr int kDatabaseArgument = 2;

// Nothing that was due before now counts.
void StartCounting(const Home& home, const std::string& schedule) {
    Execute(home.Sql("INSERT INTO @.backup_ticks VALUES ($1, clock_timestamp()) ON CONFLICT "
                     "(schedule) DO UPDATE SET last_due = excluded.last_due"),
            {schedule});
}

// INSERT … ON CONFLICT DO UPDATE of all options.
// Who writes a schedule anew takes it over; an alteration does not.
void WriteSchedule(const Home& home, const std::string& name, Oid owner, const OptionValues& values,
                   bool adopt) {
    std::string columns = "name, owner, system_identifier, data_directory";
    std::string places = "$1, $2::oid, $3, $4";
    std::string updates = "owner = excluded.owner, updated_at = now()";
    if (adopt) {
        updates +=
            ", system_identifier = excluded.system_identifier, "
            "data_directory = excluded.data_directory";
    }
    std::vector<Value> parameters = {name, std::to_string(owner), SystemIdentifier(),
                                     DataDirectory()};
    for (const ScheduleOption& option : ScheduleOptions()) {
        parameters.push_back(values.at(option.name));
        columns += std::string(", ") + option.name;
        places += ", $" + std::to_string(parameters.size()) + "::" + option.type;
        updates += std::string(", ") + option.name + " = excluded." + option.name;
    }
    Execute(home.Sql("INSERT INTO @.backup_schedules (" + columns + ") VALUES (" + places +
                     ") ON CONFLICT (name) DO UPDATE SET " + updates),
            parameters);
    ForgetCopies(home, name);
}

OptionValues ReadOptions(const Home& home, const std::string& name) {
    std::string columns;
    for (const ScheduleOption& option : ScheduleOptions()) {
        columns += (columns.empty() ? "" : ", ") + std::string(option.name) + "::text";
    }
    const Rows rows =
        Query(home.Sql("SELECT " + columns + " FROM @.backup_schedules WHERE name = $1"), {name});
    OptionValues values;
    for (size_t i = 0; i < ScheduleOptions().size(); ++i) {
        values[ScheduleOptions()[i].name] = rows[0][i];
    }
    // A boolean's text is not its output function's.
    for (const char* flag : {"schema_only", "yield_to_ddl", "enabled"}) {
        values[flag] = values[flag] == "true" ? "t" : "f";
    }
    return values;
}

Datum CreateSchedule(const Call& call) {
    const Home home = RequireHome();
    const std::string name = CheckName(call.Text(0, "schedule name"), "schedule name");
    OptionValues values;
    int argument = 1;
    for (const ScheduleOption& option : ScheduleOptions())
        values[option.name] = call.Get(argument++);
    const Oid caller = Caller();
    const bool database_defaulted =
        call.IsNull(kDatabaseArgument) || call.IsCurrentDatabase(kDatabaseArgument);
    const bool zone_defaulted =
        values["timezone"] == QueryValue("SELECT pg_catalog.current_setting('TimeZone')");
    RoleScope as_owner(home.owner);
    const std::optional<ScheduleRecord> old = FindSchedule(home, name);
    if (old) RequireScheduleOwner(caller, *old);
    const Oid owner = old ? old->owner : caller;
    if (database_defaulted) {
        const std::string example = "SELECT backup_schedule(" + QuoteLiteral(name) + ", " +
                                    QuoteLiteral(values["cron"].value_or("0 2 * * *")) +
                                    ", database => 'app');";
        values["database"] = DefaultDatabase(home, example.c_str());
    }
    CheckScheduleOptions(home, owner, values, zone_defaulted);
    WriteSchedule(home, name, owner, values, true);
    StartCounting(home, name);
    AddEvent(home, RoleName(caller), old ? "schedule.replace" : "schedule.create", name,
             {{"cron", values["cron"]},
              {"timezone", values["timezone"]},
              {"database", values["database"]},
              {"store", values["store"]}});
    WakeLauncherAtCommit();
    return Datum{0};
}

void ResetOptions(const std::vector<std::string>& names, OptionValues& values) {
    for (const std::string& name : names) {
        const auto options = ScheduleOptions();
        const auto option = std::find_if(options.begin(), options.end(),
                                         [&name](const auto& known) { return name == known.name; });
        if (option == options.end()) {
            throw Error(Errc::InvalidValue, "schedules have no option \"" + Printable(name) + "\"");
        }
        if (name == "cron" || name == "database" || name == "timezone") {
            throw Error(Errc::InvalidValue,
                        "schedule option \"" + name + "\" has no default to reset to");
        }
        values[name] = option->fallback == nullptr ? Value() : Value(option->fallback);
    }
}

// The new owner: the caller must have its privileges.
Oid NewOwner(const Call& call, int argument, Oid caller, const ScheduleRecord& old) {
    if (call.IsNull(argument)) return old.owner;
    const Oid owner = DatumGetObjectId(call.Raw(argument));
    if (!IsSuperuser(caller) && !ActsFor(caller, owner)) {
        throw Error(Errc::Permission, "must have the privileges of role \"" + RoleName(owner) +
                                          "\" to give it schedule \"" + old.name + "\"");
    }
    return owner;
}

Datum AlterSchedule(const Call& call) {
    const Home home = RequireHome();
    const std::string name = call.Text(0, "schedule name");
    const int owner_argument = static_cast<int>(ScheduleOptions().size()) + 1;
    const Oid caller = Caller();
    const std::vector<std::string> reset = call.TextArray(owner_argument + 1, "reset");
    OptionValues given;
    int argument = 1;
    for (const ScheduleOption& option : ScheduleOptions())
        given[option.name] = call.Get(argument++);
    RoleScope as_owner(home.owner);
    const ScheduleRecord old = LoadSchedule(home, name);
    RequireScheduleOwner(caller, old);
    const Oid owner = NewOwner(call, owner_argument, caller, old);
    OptionValues values = ReadOptions(home, name);
    ResetOptions(reset, values);
    for (const auto& [option, value] : given) {
        if (value) values[option] = value;
    }
    CheckScheduleOptions(home, owner, values, false);
    WriteSchedule(home, name, owner, values, false);
    const bool counts_anew = values["cron"] != old.cron || values["timezone"] != old.timezone ||
                             (IsTrue(values["enabled"]) && !old.enabled);
    if (counts_anew) StartCounting(home, name);
    AddEvent(home, RoleName(caller), "schedule.alter", name,
             {{"cron", values["cron"]},
              {"timezone", values["timezone"]},
              {"database", values["database"]},
              {"store", values["store"]},
              {"owner", RoleName(owner)}});
    WakeLauncherAtCommit();
    return Datum{0};
}

Datum Unschedule(const Call& call) {
    const Home home = RequireHome();
    const std::string name = call.Text(0, "schedule name");
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    RequireScheduleOwner(caller, LoadSchedule(home, name));
    Execute(home.Sql("DELETE FROM @.backup_schedules WHERE name = $1"), {name});
    AddEvent(home, RoleName(caller), "schedule.drop", name);
    WakeLauncherAtCommit();
    return Datum{0};
}

Datum Enable(const Call& call, bool enabled) {
    const Home home = RequireHome();
    const std::string name = call.Text(0, "schedule name");
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    const ScheduleRecord schedule = LoadSchedule(home, name);
    RequireScheduleOwner(caller, schedule);
    if (schedule.enabled == enabled) return Datum{0};
    Execute(
        home.Sql("UPDATE @.backup_schedules SET enabled = $2::boolean, updated_at = now() WHERE "
                 "name = $1"),
        {name, BoolText(enabled)});
    if (enabled) StartCounting(home, name);
    AddEvent(home, RoleName(caller), enabled ? "schedule.resume" : "schedule.pause", name);
    WakeLauncherAtCommit();
    return Datum{0};
}

Datum Adopt(const Call& call) {
    const Home home = RequireHome();
    const Value only = call.Get(0);
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    const std::vector<std::string> names =
        only ? std::vector{LoadSchedule(home, *only).name} : ScheduleNames(home);
    if (!only) {
        if (const auto from = AdoptCatalog(home)) {
            AddEvent(home, RoleName(caller), "cluster.adopt", DataDirectory(),
                     {{"from_data_directory", *from}});
        }
        AdoptBackups(home);
    }
    int64_t adopted = 0;
    for (const std::string& name : names) {
        const ScheduleRecord schedule = LoadSchedule(home, name);
        if (IsOfThisCluster(schedule)) continue;
        RequireScheduleOwner(caller, schedule);
        Execute(
            home.Sql("UPDATE @.backup_schedules SET system_identifier = $2, data_directory = $3, "
                     "updated_at = now() WHERE name = $1"),
            {name, SystemIdentifier(), DataDirectory()});
        StartCounting(home, name);
        AddEvent(home, RoleName(caller), "schedule.adopt", name,
                 {{"from_system_identifier", schedule.system_identifier},
                  {"from_data_directory", schedule.data_directory}});
        ++adopted;
    }
    WakeLauncherAtCommit();
    return Int64GetDatum(adopted);
}

} // namespace
} // namespace lifeboat::pg

using lifeboat::pg::Boundary;
using lifeboat::pg::Call;

Datum lifeboat_schedule(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::CreateSchedule(Call(fcinfo)); });
}
Datum lifeboat_alter_schedule(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::AlterSchedule(Call(fcinfo)); });
}
Datum lifeboat_unschedule(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::Unschedule(Call(fcinfo)); });
}
Datum lifeboat_pause(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::Enable(Call(fcinfo), false); });
}
Datum lifeboat_resume(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::Enable(Call(fcinfo), true); });
}
Datum lifeboat_adopt(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::Adopt(Call(fcinfo)); });
}
