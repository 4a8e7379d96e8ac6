#include "pg/catalog/repository.h"

#include "core/base/closest_name.h"

extern "C" {
#include <access/xlog.h>
#include <utils/acl.h>
}

namespace lifeboat::pg {
namespace {

std::string Listed(const std::vector<std::string>& names) {
    constexpr size_t kMost = 20;
    std::string list;
    for (size_t i = 0; i < std::min(names.size(), kMost); ++i)
        list += (list.empty() ? "" : ", ") + ("\"" + names[i] + "\"");
    return list + (names.size() > kMost ? ", …" : ".");
}

// `store "x" does not exist`, with what there is instead. `create` is said only where there is
// nothing yet: to make what is there already anew would change it.
[[noreturn]] void ThrowUnknown(const Home& home, const std::string& what, const std::string& name,
                               const std::string& create) {
    const std::string table = "backup_" + what + "s";
    const auto names = Column(Query(home.Sql("SELECT name FROM @." + table + " ORDER BY name")));
    const std::string there =
        names.empty() ? "There are no " + what + "s yet." : "There are: " + Listed(names);
    if (name.empty()) {
        throw Error(Errc::NotFound, "no " + what + " was named and none is the default", there,
                    names.empty() ? create : "Name one: " + what + " => " + QuoteLiteral(names[0]));
    }
    std::string hint = names.empty() ? create : "";
    if (const auto close = ClosestName(name, names)) hint = "Did you mean \"" + *close + "\"?";
    throw Error(Errc::NotFound, what + " \"" + Printable(name) + "\" does not exist", there, hint);
}

StoreRecord ToStore(const Home& home, const Row& row) {
    StoreRecord store;
    store.name = *row[0];
    store.url = *row[1];
    store.is_default = IsTrue(row[2]);
    store.created_by = ToOid(row[3]);
    store.encryption_required = *row[4] == "required";
    store.store_id = *row[5];
    store.known_stores = Column(
        Query(home.Sql("SELECT store_id FROM @.backup_stores UNION SELECT unnest(accepted_origins) "
                       "FROM @.backup_stores WHERE name = $1"),
              {store.name}));
    const Rows options = Query(home.Sql("SELECT o.key, o.value FROM @.backup_stores s, "
                                        "jsonb_each_text(s.options) o WHERE s.name = $1"),
                               {store.name});
    for (const Row& option : options) store.options[*option[0]] = option[1].value_or("");
    return store;
}

constexpr const char* kStoreColumns =
    "SELECT name, url, is_default, created_by::oid, encryption, store_id FROM @.backup_stores ";

std::vector<std::string> KeyArray(const Home& home, const std::string& key, const char* column) {
    return Column(Query(
        home.Sql(std::string("SELECT unnest(") + column + ") FROM @.backup_keys WHERE name = $1"),
        {key}));
}

KeyRecord ToKey(const Home& home, const Row& row) {
    KeyRecord key;
    key.name = *row[0];
    key.secret = row[1];
    key.signer = row[2];
    key.signer_public = row[3];
    key.signer_id = row[4];
    key.created_by = ToOid(row[5]);
    key.recipients = KeyArray(home, key.name, "recipients");
    key.trusted_signers = KeyArray(home, key.name, "trusted_signers");
    return key;
}

constexpr const char* kKeyColumns =
    "SELECT name, secret, signer, signer_public, signer_id, created_by::oid FROM @.backup_keys ";

constexpr const char* kScheduleColumns =
    "SELECT name, owner::oid, cron, timezone, database, store, type, key, "
    "       compression, workers, max_rate, schema_only, "
    "       (extract(epoch FROM timeout) * 1000)::bigint, max_stored_bytes, retries, "
    "       (extract(epoch FROM retry_delay) * 1000)::bigint, catch_up = 'latest', yield_to_ddl, "
    "       (extract(epoch FROM lock_patience) * 1000)::bigint, verify, enabled, "
    "       system_identifier, data_directory "
    "  FROM @.backup_schedules WHERE name = $1";

std::vector<std::string> ListOf(const Home& home, const std::string& schedule, const char* column) {
    return Column(Query(home.Sql(std::string("SELECT unnest(") + column +
                                 ") FROM @.backup_schedules WHERE name = $1"),
                        {schedule}));
}

} // namespace

std::vector<std::string> Column(const Rows& rows) {
    std::vector<std::string> values;
    for (const Row& row : rows) {
        if (row[0]) values.push_back(*row[0]);
    }
    return values;
}

std::string ArrayLiteral(const std::vector<std::string>& items) {
    std::string literal = "{";
    for (const std::string& item : items) {
        if (literal.size() > 1) literal += ',';
        literal += '"';
        for (const char c : item) {
            if (c == '"' || c == '\\') literal += '\\';
            literal += c;
        }
        literal += '"';
    }
    return literal + "}";
}

std::vector<StoreRecord> LoadStores(const Home& home) {
    std::vector<StoreRecord> stores;
    for (const Row& row : Query(home.Sql(std::string(kStoreColumns) + "ORDER BY name"))) {
        stores.push_back(ToStore(home, row));
    }
    return stores;
}

StoreRecord LoadStore(const Home& home, const std::string& name) {
    const char* condition = name.empty() ? "WHERE is_default AND $1 = ''" : "WHERE name = $1";
    const Rows rows = Query(home.Sql(std::string(kStoreColumns) + condition), {name});
    if (rows.empty()) {
        ThrowUnknown(home, "store", name,
                     "SELECT backup_create_store(name => 'main', url => 'file:///srv/backups');");
    }
    return ToStore(home, rows[0]);
}

void LockStore(const Home& home, const std::string& name) {
    Query(home.Sql("SELECT FROM @.backup_stores WHERE name = $1 FOR NO KEY UPDATE"), {name});
}

std::optional<KeyRecord> FindKey(const Home& home, const std::string& name) {
    const char* condition = name.empty() ? "WHERE is_default AND $1 = ''" : "WHERE name = $1";
    const Rows rows = Query(home.Sql(std::string(kKeyColumns) + condition), {name});
    if (rows.empty()) return std::nullopt;
    return ToKey(home, rows[0]);
}

KeyRecord LoadKey(const Home& home, const std::string& name) {
    std::optional<KeyRecord> key = FindKey(home, name);
    if (!key) {
        ThrowUnknown(home, "key", name,
                     "Make key files with: lifeboat keygen DIR; then call backup_create_key.");
    }
    return *key;
}

std::vector<KeyRecord> LoadKeys(const Home& home) {
    std::vector<KeyRecord> keys;
    for (const Row& row : Query(home.Sql(std::string(kKeyColumns) + "ORDER BY name"))) {
        keys.push_back(ToKey(home, row));
    }
    return keys;
}

std::optional<ScheduleRecord> FindSchedule(const Home& home, const std::string& name) {
    const Rows rows = Query(home.Sql(kScheduleColumns), {name});
    if (rows.empty()) return std::nullopt;
    const Row& row = rows[0];
    ScheduleRecord schedule;
    schedule.name = *row[0];
    schedule.owner = ToOid(row[1]);
    schedule.cron = *row[2];
    schedule.timezone = *row[3];
    schedule.database = *row[4];
    schedule.store = *row[5];
    schedule.type = *row[6];
    schedule.key = row[7];
    schedule.compression = Compression::Parse(*row[8]);
    if (row[9]) schedule.workers = static_cast<int>(ToInt(row[9]));
    schedule.max_rate = static_cast<uint64_t>(ToInt(row[10]));
    schedule.schema_only = IsTrue(row[11]);
    schedule.timeout_ms = ToInt(row[12]);
    schedule.max_stored_bytes = static_cast<uint64_t>(ToInt(row[13]));
    schedule.retries = static_cast<int>(ToInt(row[14]));
    schedule.retry_delay_ms = ToInt(row[15]);
    schedule.catch_up_latest = IsTrue(row[16]);
    schedule.yield_to_ddl = IsTrue(row[17]);
    schedule.lock_patience_ms = ToInt(row[18]);
    schedule.verify = row[19];
    schedule.enabled = IsTrue(row[20]);
    schedule.system_identifier = *row[21];
    schedule.data_directory = *row[22];
    schedule.include_tables = ListOf(home, name, "include_tables");
    schedule.exclude_tables = ListOf(home, name, "exclude_tables");
    schedule.exclude_table_data = ListOf(home, name, "exclude_table_data");
    schedule.copies = ListOf(home, name, "copies");
    return schedule;
}

ScheduleRecord LoadSchedule(const Home& home, const std::string& name) {
    std::optional<ScheduleRecord> schedule = FindSchedule(home, name);
    if (!schedule) {
        ThrowUnknown(home, "schedule", name,
                     "SELECT backup_schedule(name => 'nightly', cron => '0 2 * * *', database => "
                     "'app');");
    }
    return *schedule;
}

std::vector<std::string> ScheduleNames(const Home& home) {
    return Column(Query(home.Sql("SELECT name FROM @.backup_schedules ORDER BY name")));
}

void AddEvent(const Home& home, const std::string& actor, const std::string& action,
              const std::string& subject,
              const std::vector<std::pair<std::string, Value>>& details) {
    std::vector<Value> parameters = {actor, action, subject};
    std::string pairs;
    for (const auto& [key, value] : details) {
        parameters.emplace_back(key);
        pairs += (pairs.empty() ? "$" : ", $") + std::to_string(parameters.size()) + "::text";
        parameters.push_back(value);
        pairs += ", $" + std::to_string(parameters.size()) + "::text";
    }
    Execute(home.Sql("INSERT INTO @.backup_events (actor, action, subject, detail) VALUES ($1, $2, "
                     "$3, jsonb_strip_nulls(jsonb_build_object(" +
                     pairs + ")))"),
            parameters);
}

std::string RoleName(Oid role) {
    const char* name = Pg([role] { return GetUserNameFromId(role, true); });
    return name != nullptr ? name : "role " + std::to_string(role) + " (dropped)";
}

std::string ActorName(Oid requested_by) {
    return OidIsValid(requested_by) ? RoleName(requested_by) : "launcher";
}

std::string SystemIdentifier() { return std::to_string(GetSystemIdentifier()); }

} // namespace lifeboat::pg
