// Our tables: where they are, and what stands in them.
//
// Home is found through pg_extension and pg_depend, never by a name in the search_path. Statements
// are written with `@.` for its schema: home.Sql("SELECT … FROM @.backup_runs"). They are run
// inside RoleScope(home.owner), or in a worker that is connected as the bootstrap superuser; so no
// object of another schema is ever looked up.
#pragma once

#include "core/compress/compression.h"
#include "core/store/location.h"
#include "pg/bridge/guards.h"
#include "pg/bridge/query.h"

namespace lifeboat::pg {

inline constexpr const char* kVersion = "0.1.0";

struct Home {
    Oid extension = InvalidOid;
    Oid owner = InvalidOid;
    Oid schema_oid = InvalidOid;
    std::string schema; // quoted where needed
    std::string version;

    [[nodiscard]] std::string Sql(std::string_view text) const;
};

// nullopt when the extension is not there (or not whole) in this database.
std::optional<Home> FindHome();
// For SQL functions: Error(WrongState) outside the control database, or when library and extension
// differ.
Home RequireHome();

struct StoreRecord {
    std::string name;
    std::string url;
    StoreOptions options;
    bool is_default = false;
    Oid created_by = InvalidOid;
    bool encryption_required = true;
    std::string store_id;
    // Ids of all stores of the catalog, and of those whose objects this one was said to hold.
    std::vector<std::string> known_stores;
};

struct KeyRecord {
    std::string name;
    std::vector<std::string> recipients;
    Value secret;
    Value signer;
    Value signer_public;
    Value signer_id;
    std::vector<std::string> trusted_signers;
    Oid created_by = InvalidOid;
};

struct ScheduleRecord {
    std::string name;
    Oid owner = InvalidOid;
    std::string cron;
    std::string timezone;
    std::string database;
    std::string store;
    std::vector<std::string> copies; // further stores
    std::string type;
    Value key;
    Compression compression;
    std::optional<int> workers;
    uint64_t max_rate = 0;
    std::vector<std::string> include_tables;
    std::vector<std::string> exclude_tables;
    std::vector<std::string> exclude_table_data;
    bool schema_only = false;
    int64_t timeout_ms = 0;
    uint64_t max_stored_bytes = 0;
    int retries = 0;
    int64_t retry_delay_ms = 0;
    bool catch_up_latest = true;
    bool yield_to_ddl = false;
    int64_t lock_patience_ms = 30000;
    Value verify;
    bool enabled = true;
    std::string system_identifier;
    std::string data_directory;
};

// An empty name is the default. Error(NotFound) names it and says what there is.
StoreRecord LoadStore(const Home& home, const std::string& name);
std::vector<StoreRecord> LoadStores(const Home& home);
// One import or deletion per store at a time, until the end of the transaction.
void LockStore(const Home& home, const std::string& name);
KeyRecord LoadKey(const Home& home, const std::string& name);
std::optional<KeyRecord> FindKey(const Home& home, const std::string& name);
std::vector<KeyRecord> LoadKeys(const Home& home);
std::optional<ScheduleRecord> FindSchedule(const Home& home, const std::string& name);
ScheduleRecord LoadSchedule(const Home& home, const std::string& name);
// Names only, enabled and paused.
std::vector<std::string> ScheduleNames(const Home& home);

// A row of the audit. Details that are NULL are left out.
void AddEvent(const Home& home, const std::string& actor, const std::string& action,
              const std::string& subject,
              const std::vector<std::pair<std::string, Value>>& details = {});

// '{"a","b"}' for a parameter that is cast to text[].
std::string ArrayLiteral(const std::vector<std::string>& items);
std::vector<std::string> Column(const Rows& rows);
// The name of a role, or "role 123 (dropped)".
std::string RoleName(Oid role);
// Who asked for a run, for an event: a role, or "launcher".
std::string ActorName(Oid requested_by);
std::string SystemIdentifier();

inline bool IsTrue(const Value& value) { return value && *value == "t"; }
inline Oid ToOid(const Value& value) {
    return value ? static_cast<Oid>(std::stoul(*value)) : InvalidOid;
}
inline int64_t ToInt(const Value& value, int64_t otherwise = 0) {
    return value ? std::stoll(*value) : otherwise;
}
inline Value NullIfEmpty(const std::string& text) { return text.empty() ? Value() : Value(text); }

} // namespace lifeboat::pg
