// backup_create_store, backup_alter_store, backup_drop_store, backup_check_store.
#include "core/base/count.h"
#include "core/format/probe.h"
#include "pg/bridge/open_store.h"
#include "pg/catalog/copies.h"
#include "pg/catalog/names.h"
#include "pg/catalog/rights.h"
#include "pg/catalog/store_access.h"
#include "pg/sql/call.h"
#include "pg/sql/store_directory.h"

extern "C" {
#include <access/xact.h>
#include <access/xlog.h>

PG_FUNCTION_INFO_V1(lifeboat_create_store);
PG_FUNCTION_INFO_V1(lifeboat_alter_store);
PG_FUNCTION_INFO_V1(lifeboat_drop_store);
PG_FUNCTION_INFO_V1(lifeboat_check_store);
PGDLLEXPORT Datum lifeboat_create_store(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_alter_store(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_drop_store(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_check_store(PG_FUNCTION_ARGS);
}

namespace lifeboat::pg {
namespace {

StoreOptions OptionsOf(const std::string& json) {
    StoreOptions options;
    if (*QueryValue("SELECT jsonb_typeof($1::jsonb)", {json}) != "object") {
        throw Error(Errc::InvalidValue, "store options must be a JSON object", "",
                    "For example: '{\"max_rate\": \"50MB\"}'");
    }
    for (const Row& row :
         Query("SELECT key, value, jsonb_typeof(v) FROM jsonb_each_text($1::jsonb) "
               "JOIN jsonb_each($1::jsonb) AS j (k, v) ON k = key",
               {json})) {
        if (*row[2] != "string" && *row[2] != "number" && *row[2] != "boolean") {
            throw Error(Errc::InvalidValue,
                        "store option \"" + *row[0] + "\" must be a text, a number or a boolean");
        }
        options[*row[0]] = *row[1];
    }
    return options;
}

// A store that has lost its repo.json is not made anew over what is left: its backups would be
// those of another store.
void RefuseRemains(Store& store) {
    struct Found {
        std::string name;
    };
    try {
        store.List("backups", [](const StoreObject& object) { throw Found{object.name}; });
    } catch (const Found& found) {
        throw Error(Errc::WrongState,
                    "the store at " + store.Properties().url + " holds backups and no " +
                        std::string(kRepoName),
                    "It has " + Printable(found.name) + ".",
                    "Put " + std::string(kRepoName) +
                        " back from a copy of the store, or choose another URL.");
    } catch (const StoreError& error) { // to back up needs no right to list
        if (error.code() != Errc::StoreDenied) throw;
    }
}

// Opens the store that is there, or makes one.
Repo OpenOrCreate(Store& store, const Location& location, bool encryption_required) {
    if (store.Exists(kRepoName)) {
        Repo repo = ReadRepo(store);
        if (repo.encryption_required == encryption_required) return repo;
        throw Error(Errc::WrongState,
                    "the store at " + store.Properties().url + " has encryption \"" +
                        (repo.encryption_required ? "required" : "none") + "\"",
                    "Encryption is fixed for the life of a store.",
                    std::string("Call backup_create_store with encryption => '") +
                        (repo.encryption_required ? "required" : "none") + "', or another URL.");
    }
    CheckNewDirectory(location);
    RefuseRemains(store);
    Repo repo;
    repo.store_id = RandomHex(16);
    repo.encryption_required = encryption_required;
    repo.created = Now();
    store.Put(kRepoName, AsBytes(FormatRepo(repo)));
    return repo;
}

Value EndpointOf(const StoreOptions& options) {
    const auto found = options.find("endpoint");
    return found == options.end() ? Value() : Value(found->second);
}

// Buckets of two services may have one name.
void RefuseTaken(const Home& home, const std::string& name, const std::string& url,
                 const StoreOptions& options, const std::string& store_id) {
    const Rows rows =
        Query(home.Sql("SELECT name, url FROM @.backup_stores WHERE name <> $1 AND (store_id = $3 "
                       "OR url = $2 AND options ->> 'endpoint' IS NOT DISTINCT FROM $4)"),
              {name, url, store_id, EndpointOf(options)});
    if (rows.empty()) return;
    throw Error(Errc::Duplicate, "store \"" + *rows[0][0] + "\" is the one at " + url + " already",
                "The catalog knows it by the URL " + *rows[0][1] + ".");
}

void ClearDefault(const Home& home) {
    Execute(home.Sql("UPDATE @.backup_stores SET is_default = false WHERE is_default"));
}

bool ParseEncryption(const std::string& text) {
    if (text == "required" || text == "none") return text == "required";
    throw Error(Errc::InvalidValue,
                "encryption must be \"required\" or \"none\", not \"" + text + "\"");
}

Datum CreateStore(const Call& call) {
    const Home home = RequireHome();
    const std::string name = CheckName(call.Text(0, "store name"), "store name");
    const Location location = ParseLocation(call.Text(1, "store URL"));
    const std::string options_json = call.Get(2).value_or("{}");
    const bool make_default = call.Bool(3);
    const bool required = ParseEncryption(call.Text(4, "encryption"));
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    const StoreOptions options = OptionsOf(options_json);
    CheckOptions(location, options);
    RequireStoreRights(caller, location, options);
    if (!Query(home.Sql("SELECT FROM @.backup_stores WHERE name = $1"), {name}).empty()) {
        throw Error(Errc::Duplicate, "store \"" + name + "\" exists already", "",
                    "To change it, call backup_alter_store.");
    }
    RefuseTaken(home, name, location.Url(), options, "");
    RefuseServerDirectories(location);
    RequireDirectory(location);
    ServerInterrupt interrupt;
    const std::unique_ptr<Store> store = OpenInServer(location, options, interrupt);
    const Repo repo = OpenOrCreate(*store, location, required);
    RefuseTaken(home, name, location.Url(), options, repo.store_id);
    std::vector<std::string> known =
        Column(Query(home.Sql("SELECT store_id FROM @.backup_stores")));
    known.push_back(repo.store_id);
    RequireKnownOrigins(repo, name, known);
    if (make_default) ClearDefault(home);
    Execute(home.Sql("INSERT INTO @.backup_stores (name, url, options, is_default, created_by, "
                     "encryption, store_id) VALUES ($1, $2, $3::jsonb, $4::boolean OR NOT EXISTS "
                     "(SELECT FROM @.backup_stores WHERE is_default), $5::oid, $6, $7)"),
            {name, location.Url(), options_json, BoolText(make_default), std::to_string(caller),
             std::string(required ? "required" : "none"), repo.store_id});
    AddEvent(home, RoleName(caller), "store.create", name,
             {{"url", location.Url()}, {"store_id", repo.store_id}});
    return Datum{0};
}

Datum AlterStore(const Call& call) {
    const Home home = RequireHome();
    const std::string name = call.Text(0, "store name");
    const Value url = call.Get(1);
    const Value options_json = call.Get(2);
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    const StoreRecord record = LoadStore(home, name);
    RequireCreator(caller, record.created_by, "store", name);
    if (options_json)
        (void)OptionsOf(*QueryValue("SELECT jsonb_strip_nulls($1::jsonb)", {options_json}));
    Execute(home.Sql("UPDATE @.backup_stores SET options = jsonb_strip_nulls(options || "
                     "coalesce($2::jsonb, '{}')), url = coalesce($3, url) WHERE name = $1"),
            {name, options_json, url ? Value(ParseLocation(*url).Url()) : Value()});
    const StoreRecord changed = LoadStore(home, name);
    const Location location = ParseLocation(changed.url);
    CheckOptions(location, changed.options);
    RequireStoreRights(caller, location, changed.options);
    if (url || EndpointOf(record.options) != EndpointOf(changed.options)) {
        RefuseTaken(home, name, changed.url, changed.options, "");
        RefuseServerDirectories(location);
        ServerInterrupt interrupt;
        CheckIdentity(*OpenRecorded(changed, interrupt), changed);
    }
    if (call.Bool(3)) ClearDefault(home);
    // Its rights are checked at every use: what only a superuser may set makes the store his.
    const bool keeps_creator = RoleExists(record.created_by) && IsPermitted([&] {
                                   RequireStoreRights(record.created_by, location, changed.options);
                               });
    Execute(home.Sql("UPDATE @.backup_stores SET is_default = coalesce($2::boolean, is_default), "
                     "created_by = CASE WHEN $3::boolean THEN created_by ELSE $4::oid::regrole END "
                     "WHERE name = $1"),
            {name, call.Get(3), BoolText(keeps_creator), std::to_string(caller)});
    AddEvent(home, RoleName(caller), "store.alter", name, {{"url", changed.url}});
    return Datum{0};
}

Datum DropStore(const Call& call) {
    const Home home = RequireHome();
    const std::string name = call.Text(0, "store name");
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    const StoreRecord record = LoadStore(home, name);
    RequireCreator(caller, record.created_by, "store", name);
    const Value schedules =
        QueryValue(home.Sql("SELECT string_agg(format('\"%s\"', name), ', ' ORDER BY name) FROM "
                            "@.backup_schedules WHERE store = $1 OR $1 = ANY (copies)"),
                   {name});
    if (schedules) {
        throw Error(Errc::WrongState, "store \"" + name + "\" is used by schedules",
                    "Schedules: " + *schedules + ".",
                    "Give them another store with backup_alter_schedule, or drop them.");
    }
    const Value backups = QueryValue(
        home.Sql("SELECT nullif(count(*), 0) FROM @.backup_restore_points WHERE store = $1 "
                 "AND status <> 'deleted'"),
        {name});
    if (backups) {
        throw Error(
            Errc::WrongState,
            "store \"" + name + "\" holds " + Count(std::stoull(*backups), "backup") +
                " that the catalog knows",
            "Dropping a store deletes nothing in it, but the catalog would forget them.",
            "SELECT backup_id FROM backup_catalog WHERE store = " + QuoteLiteral(name) + ";");
    }
    Execute(home.Sql("DELETE FROM @.backup_copies WHERE store = $1"), {name});
    Execute(home.Sql("DELETE FROM @.backup_stores WHERE name = $1"), {name});
    AddEvent(home, RoleName(caller), "store.drop", name, {{"url", record.url}});
    return Datum{0};
}

Datum CheckStore(const Call& call) {
    const Home home = RequireHome();
    const std::string name = call.Text(0, "store name");
    ResultSet result(call.info());
    RoleScope as_owner(home.owner);
    const StoreRecord record = LoadStore(home, name);
    RequireStoreUse(record);
    ServerInterrupt interrupt;
    const std::unique_ptr<Store> store = OpenRecorded(record, interrupt);
    for (const ProbeStep& step : ProbeStore(*store)) {
        bool ok = step.ok;
        std::string detail = step.detail;
        if (step.step == "identify" && ok) {
            try {
                CheckIdentity(*store, record);
            } catch (const Error& error) {
                ok = false;
                detail = error.message() + ". " + error.detail() + " " + error.hint();
            }
        }
        result.Add({step.step, BoolText(ok), detail,
                    SecondsText(std::chrono::duration<double>(step.elapsed).count())});
    }
    if (!XactReadOnly && !RecoveryInProgress()) (void)NoteStoreState(home, *store, record);
    return result.Done();
}

} // namespace
} // namespace lifeboat::pg

using lifeboat::pg::Boundary;
using lifeboat::pg::Call;

Datum lifeboat_create_store(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::CreateStore(Call(fcinfo)); });
}
Datum lifeboat_alter_store(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::AlterStore(Call(fcinfo)); });
}
Datum lifeboat_drop_store(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::DropStore(Call(fcinfo)); });
}
Datum lifeboat_check_store(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::CheckStore(Call(fcinfo)); });
}
