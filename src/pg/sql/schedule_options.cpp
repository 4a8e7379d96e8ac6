#include "pg/sql/schedule_options.h"

#include <set>

#include "core/compress/compression.h"
#include "core/format/backup.h"
#include "core/plan/restore_plan.h"
#include "core/schedule/cron.h"
#include "pg/catalog/names.h"

namespace lifeboat::pg {
namespace {

constexpr ScheduleOption kOptions[] = {
    {"cron", "text", nullptr, false},
    {"database", "text", nullptr, false},
    {"store", "text", nullptr, false},
    {"type", "text", "full", false},
    {"key", "text", nullptr, false},
    {"timezone", "text", nullptr, false},
    {"copies", "text[]", "{}", false},
    {"compression", "text", "zstd:1", false},
    {"workers", "integer", nullptr, false},
    {"max_rate", "bigint", nullptr, false},
    {"include_tables", "text[]", "{}", false},
    {"exclude_tables", "text[]", "{}", false},
    {"exclude_table_data", "text[]", "{}", false},
    {"schema_only", "boolean", "f", false},
    {"timeout", "interval", nullptr, false},
    {"max_stored_bytes", "bigint", nullptr, false},
    {"retries", "integer", "2", false},
    {"retry_delay", "interval", "5 minutes", false},
    {"catch_up", "text", "latest", false},
    {"yield_to_ddl", "boolean", "f", false},
    {"lock_patience", "interval", "30 seconds", false},
    {"keep_last", "integer", nullptr, false},
    {"keep_within", "interval", nullptr, false},
    {"keep_hourly", "integer", nullptr, false},
    {"keep_daily", "integer", nullptr, false},
    {"keep_weekly", "integer", nullptr, false},
    {"keep_monthly", "integer", nullptr, false},
    {"keep_yearly", "integer", nullptr, false},
    {"verify", "text", nullptr, false},
    {"verify_cron", "text", nullptr, true},
    {"drill_cron", "text", nullptr, true},
    {"drill_checks", "text[]", "{}", true},
    {"enabled", "boolean", "t", false},
    {"tags", "text[]", "{}", false},
};

void RefuseReserved(const OptionValues& values) {
    for (const ScheduleOption& option : kOptions) {
        if (!option.reserved) continue;
        const Value& value = values.at(option.name);
        if (value && (option.fallback == nullptr || *value != option.fallback)) {
            ThrowNotYet(std::string("schedule option \"") + option.name + "\"");
        }
    }
}

void FillDefaults(OptionValues& values) {
    for (const ScheduleOption& option : kOptions) {
        Value& value = values[option.name];
        if (!value && option.fallback != nullptr) value = option.fallback;
    }
}

Zone FindZone(const std::string& name, bool was_defaulted) {
    try {
        return Zone::Find(name);
    } catch (const Error& error) {
        if (!was_defaulted) throw;
        throw Error(Errc::InvalidValue, error.message(), "It is this session's setting TimeZone.",
                    "Name a zone of tzdata, for example: timezone => 'Europe/Berlin'");
    }
}

void CheckTimes(OptionValues& values, bool zone_was_defaulted) {
    if (!values.at("cron")) throw Error(Errc::InvalidValue, "cron must not be null");
    if (!values.at("timezone")) throw Error(Errc::InvalidValue, "timezone must not be null");
    const Cron cron = Cron::Parse(*values["cron"]);
    const Zone zone = FindZone(*values["timezone"], zone_was_defaulted);
    values["timezone"] = zone.name();
    (void)cron.Next(zone, Now()); // throws when it never fires there
}

void CheckDatabase(const Home& /*home*/, Oid owner, const std::string& name) {
    RequireLogin(owner);
    if (name == "*") return;
    const DatabaseRecord database = LoadDatabase(name);
    if (!database.allows_connections) {
        throw Error(Errc::WrongState, "database \"" + name + "\" does not accept connections", "",
                    "ALTER DATABASE " + QuoteIdent(name) + " ALLOW_CONNECTIONS true;");
    }
    RequireConnect(owner, database.oid, name);
}

void CheckCopies(const Home& home, const OptionValues& values, const StoreRecord& store) {
    std::set<std::string> seen;
    for (const Row& row : Query("SELECT unnest($1::text[])", {values.at("copies")})) {
        if (!row[0]) throw Error(Errc::InvalidValue, "copies must not contain nulls");
        const StoreRecord copy = LoadStore(home, *row[0]);
        RequireStoreUse(copy);
        if (copy.name == store.name) {
            throw Error(Errc::InvalidValue,
                        "copies names store \"" + copy.name + "\", which the backups go to anyway");
        }
        if (!seen.insert(copy.name).second)
            throw Error(Errc::InvalidValue, "copies names store \"" + copy.name + "\" twice");
        if (copy.encryption_required == store.encryption_required) continue;
        throw Error(
            Errc::InvalidValue,
            "store \"" + copy.name + "\" cannot hold copies of backups in store \"" + store.name +
                "\"",
            "One has encryption \"required\", the other \"none\": backups are copied as they "
            "are stored.");
    }
}

void CheckStoreAndKey(const Home& home, OptionValues& values) {
    const StoreRecord store = LoadStore(home, values["store"].value_or(""));
    RequireStoreUse(store);
    values["store"] = store.name;
    CheckCopies(home, values, store);
    if (values["key"]) {
        RequireKeyUse(LoadKey(home, *values["key"]));
    } else if (store.encryption_required && !FindKey(home, "")) {
        throw Error(Errc::KeyMissing,
                    "store \"" + store.name + "\" requires encryption and there is no key", "",
                    "Make key files with: lifeboat keygen DIR; then call backup_create_key.");
    }
}

void CheckRange(const OptionValues& values, const char* name, int64_t least, int64_t most) {
    const Value& value = values.at(name);
    if (!value || (std::stoll(*value) >= least && std::stoll(*value) <= most)) return;
    throw Error(Errc::InvalidValue, std::string(name) + " must be between " +
                                        std::to_string(least) + " and " + std::to_string(most) +
                                        ", not " + *value);
}

void CheckInterval(const OptionValues& values, const char* name, bool zero_allowed) {
    const Value& value = values.at(name);
    if (!value) return;
    const char* sql = zero_allowed ? "SELECT $1::interval >= '0'" : "SELECT $1::interval > '0'";
    if (IsTrue(QueryValue(sql, {value}))) return;
    throw Error(Errc::InvalidValue, std::string(name) + " must be " +
                                        (zero_allowed ? "zero or more" : "more than zero") +
                                        ", not " + *value);
}

void CheckKeepRules(const OptionValues& values) {
    for (const char* name :
         {"keep_last", "keep_hourly", "keep_daily", "keep_weekly", "keep_monthly", "keep_yearly"}) {
        CheckRange(values, name, 1, INT32_MAX);
    }
    CheckInterval(values, "keep_within", false);
    const Value& within = values.at("keep_within");
    if (!within || IsTrue(QueryValue("SELECT isfinite($1::interval)", {within}))) return;
    throw Error(Errc::InvalidValue, "keep_within must be finite, not " + *within,
                "Without any rule everything is kept.");
}

void CheckPatterns(const OptionValues& values) {
    for (const char* name : {"include_tables", "exclude_tables", "exclude_table_data"}) {
        for (const Row& row : Query("SELECT unnest($1::text[])", {values.at(name)})) {
            if (!row[0]) {
                throw Error(Errc::InvalidValue, std::string(name) + " must not contain nulls");
            }
            TablePattern::Parse(*row[0]);
        }
    }
}

void CheckWords(const OptionValues& values) {
    const std::string& type = *values.at("type");
    if (!ParseBackupType(type)) {
        throw Error(Errc::InvalidValue, "backup type \"" + Printable(type) + "\" is not known", "",
                    "This version takes type => 'full'.");
    }
    if (type != "full") ThrowNotYet("backup type \"" + type + "\"");
    const std::string& catch_up = *values.at("catch_up");
    if (catch_up != "latest" && catch_up != "none") {
        throw Error(Errc::InvalidValue,
                    "catch_up must be \"latest\" or \"none\", not \"" + Printable(catch_up) + "\"");
    }
    const Value& verify = values.at("verify");
    if (!verify) return;
    if (*verify == "restore") ThrowNotYet("verify level \"restore\"");
    if (!ParseVerifyLevel(*verify)) {
        throw Error(Errc::InvalidValue, "verify level \"" + Printable(*verify) + "\" is not known",
                    "", "The levels are present, checksum and content.");
    }
}

} // namespace

std::span<const ScheduleOption> ScheduleOptions() { return kOptions; }

void CheckScheduleOptions(const Home& home, Oid owner, OptionValues& values,
                          bool zone_was_defaulted) {
    FillDefaults(values);
    RefuseReserved(values);
    CheckTimes(values, zone_was_defaulted);
    CheckWords(values);
    values["compression"] = Compression::Parse(*values["compression"]).Print();
    CheckRange(values, "workers", 0, 1024);
    CheckRange(values, "max_rate", 1, INT64_MAX);
    CheckRange(values, "max_stored_bytes", 1, INT64_MAX);
    CheckRange(values, "retries", 0, 100);
    CheckInterval(values, "timeout", false);
    CheckInterval(values, "lock_patience", false);
    CheckInterval(values, "retry_delay", true);
    CheckKeepRules(values);
    CheckPatterns(values);
    CheckDatabase(home, owner, *values["database"]);
    CheckStoreAndKey(home, values);
}

} // namespace lifeboat::pg
