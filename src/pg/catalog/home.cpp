#include "pg/catalog/repository.h"
#include "pg/settings.h"

extern "C" {
#include <access/genam.h>
#include <access/htup_details.h>
#include <access/table.h>
#include <catalog/dependency.h>
#include <catalog/indexing.h>
#include <catalog/pg_class.h>
#include <catalog/pg_extension.h>
#include <commands/dbcommands.h>
#include <commands/extension.h>
#include <utils/builtins.h>
#include <utils/fmgroids.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>
}

namespace lifeboat::pg {
namespace {

struct Raw {
    Oid extension, owner, schema;
    char version[64];
};

// Reads pg_extension's row. Raises.
bool ReadExtension(Raw* raw) {
    raw->extension = get_extension_oid("pg_lifeboat", true);
    if (!OidIsValid(raw->extension)) return false;
    Relation relation = table_open(ExtensionRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_extension_oid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(raw->extension));
    SysScanDesc scan = systable_beginscan(relation, ExtensionOidIndexId, true, nullptr, 1, &key);
    HeapTuple tuple = systable_getnext(scan);
    const bool found = HeapTupleIsValid(tuple);
    if (found) {
        auto* form = reinterpret_cast<Form_pg_extension>(GETSTRUCT(tuple));
        raw->owner = form->extowner;
        raw->schema = form->extnamespace;
        bool is_null = false;
        const Datum version =
            heap_getattr(tuple, Anum_pg_extension_extversion, RelationGetDescr(relation), &is_null);
        strlcpy(raw->version, is_null ? "" : TextDatumGetCString(version), sizeof(raw->version));
    }
    systable_endscan(scan);
    table_close(relation, AccessShareLock);
    return found;
}

// Every table that we write must be the extension's own. Raises.
bool OwnsItsTables(const Raw& raw) {
    static const char* const kTables[] = {"backup_stores",         "backup_keys",
                                          "backup_schedules",      "backup_runs",
                                          "backup_restores",       "backup_events",
                                          "backup_restore_points", "backup_restore_point_relations",
                                          "backup_chains",         "backup_ticks",
                                          "backup_witness",        "backup_installation"};
    return std::all_of(std::begin(kTables), std::end(kTables), [&raw](const char* name) {
        const Oid table = get_relname_relid(name, raw.schema);
        return OidIsValid(table) &&
               getExtensionOfObject(RelationRelationId, table) == raw.extension;
    });
}

} // namespace

std::string Home::Sql(std::string_view text) const {
    std::string sql;
    sql.reserve(text.size() + 64);
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '@' && i + 1 < text.size() && text[i + 1] == '.') {
            sql += schema;
        } else {
            sql += text[i];
        }
    }
    return sql;
}

std::optional<Home> FindHome() {
    Raw raw{};
    const bool found = Pg([&raw] { return ReadExtension(&raw) && OwnsItsTables(raw); });
    if (!found) return std::nullopt;
    const char* schema = Pg([&raw] { return quote_identifier(get_namespace_name(raw.schema)); });
    return Home{raw.extension, raw.owner, raw.schema, schema, raw.version};
}

Home RequireHome() {
    const std::string here = Pg([] { return get_database_name(MyDatabaseId); });
    const std::string control = ControlDatabase();
    if (here != control) {
        throw Error(
            Errc::WrongState,
            "pg_lifeboat works in database \"" + control + "\" only, this is \"" + here + "\"",
            "One control database (setting lifeboat.database) serves the whole cluster; the "
            "databases that are backed up need no extension.",
            "Connect to it: \\connect " + QuoteIdent(control));
    }
    std::optional<Home> home = FindHome();
    if (!home) {
        throw Error(Errc::WrongState, "extension pg_lifeboat is not complete in this database", "",
                    "DROP EXTENSION pg_lifeboat; CREATE EXTENSION pg_lifeboat;");
    }
    if (home->version != kVersion) {
        throw Error(Errc::WrongState,
                    "the loaded library of pg_lifeboat is " + std::string(kVersion) +
                        ", the extension is " + home->version,
                    "", "Restart the server, or run ALTER EXTENSION pg_lifeboat UPDATE.");
    }
    return *home;
}

} // namespace lifeboat::pg
