#include "pg/catalog/rights.h"

#include "core/crypto/secret_source.h"
#include "pg/compat.h"
#include "pg/settings.h"

extern "C" {
#include <access/htup_details.h>
#include <catalog/pg_authid.h>
#include <utils/acl.h>
#include <utils/syscache.h>
}

namespace lifeboat::pg {
namespace {

bool Has(Oid role, Oid predefined) {
    return Pg([&] { return has_privs_of_role(role, predefined); });
}

// Whole, normalised path components: file:///srv/a allows file:///srv/a/b, not file:///srv/ab.
bool MatchesPrefix(const std::string& url, const std::string& prefix) {
    const std::string allowed = ParseLocation(prefix).Url();
    return url == allowed || (url.starts_with(allowed) && url[allowed.size()] == '/');
}

bool IsAllowedStore(const Location& location, const std::vector<std::string>& prefixes) {
    const std::string url = location.Url();
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&url](const std::string& prefix) { return MatchesPrefix(url, prefix); });
}

[[noreturn]] void ThrowGone(const std::string& what, const std::string& name) {
    throw Error(
        Errc::Permission, what + " \"" + name + "\" was created by a role that no longer exists",
        "The rights of its creator are checked at every use.",
        what == "store" ? "A superuser takes it over: SELECT backup_alter_store('" + name + "');"
                        : "A superuser takes it over: SELECT backup_rotate_key('" + name + "');");
}

} // namespace

bool IsSuperuser(Oid role) {
    return Pg([role] { return superuser_arg(role); });
}

bool ActsFor(Oid role, Oid other) { return Has(role, other); }

bool RoleExists(Oid role) {
    return Pg([role] { return SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(role)); });
}

void RequireSourceRights(Oid role, const std::string& source, const std::string& option) {
    if (source.starts_with("-----BEGIN ")) return; // the text itself
    const SecretSource parsed = ParseSecretSource(source, option, false);
    const auto refuse = [&](const char* needed) {
        throw Error(Errc::Permission,
                    "role \"" + RoleName(role) + "\" may not use " + option + " \"" + source + "\"",
                    std::string("It needs ") + needed + ".");
    };
    switch (parsed.kind) {
    case SourceKind::kFile:
        if (!Has(role, ROLE_PG_READ_SERVER_FILES)) refuse("the rights of pg_read_server_files");
        return;
    case SourceKind::kCommand:
        if (!Has(role, ROLE_PG_EXECUTE_SERVER_PROGRAM)) {
            refuse("the rights of pg_execute_server_program");
        }
        return;
    case SourceKind::kEnv:
        if (!IsSuperuser(role)) refuse("to be superuser");
        return;
    case SourceKind::kFd:
        throw Error(Errc::InvalidValue, option + " cannot be a file descriptor in the server", "",
                    "Use file:/path, command:… or env:NAME.");
    }
}

namespace {

// Where keys come from, and where they go to.
void RequireServiceOptions(Oid role, const StoreOptions& options) {
    for (const char* option : {"endpoint", "ca_file", "credentials", "profile"}) {
        if (!options.contains(option)) continue;
        throw Error(Errc::Permission,
                    "role \"" + RoleName(role) + "\" may not set store option \"" + option + "\"",
                    "It decides which keys of this server go to which service.",
                    "A superuser creates the store, or sets the option with backup_alter_store.");
    }
}

} // namespace

void RequireStoreRights(Oid role, const Location& location, const StoreOptions& options) {
    if (IsSuperuser(role)) return;
    RequireServiceOptions(role, options);
    if (location.IsDirectory() && !Has(role, ROLE_PG_WRITE_SERVER_FILES)) {
        throw Error(Errc::Permission,
                    "role \"" + RoleName(role) + "\" may not use store " + location.Url(),
                    "A store in a directory needs the rights of pg_write_server_files.",
                    "GRANT pg_write_server_files TO " + QuoteIdent(RoleName(role)) + ";");
    }
    const std::vector<std::string> prefixes = AllowedStores();
    const bool open_to_all =
        location.IsDirectory() && prefixes.empty(); // the rights to files say who
    if (!open_to_all && !IsAllowedStore(location, prefixes)) {
        throw Error(Errc::Permission,
                    "role \"" + RoleName(role) + "\" may not use store " + location.Url(),
                    "Without superuser the URL must lie below one of lifeboat.allowed_stores.");
    }
}

bool IsPermitted(const std::function<void()>& require) {
    try {
        require();
        return true;
    } catch (const ServerError&) {
        throw;
    } catch (const Error& error) {
        if (error.code() != Errc::Permission) throw;
        return false;
    }
}

void RequireStoreUse(const StoreRecord& store) {
    if (!RoleExists(store.created_by)) ThrowGone("store", store.name);
    RequireStoreRights(store.created_by, ParseLocation(store.url), store.options);
}

void RequireKeyUse(const KeyRecord& key) {
    if (!RoleExists(key.created_by)) ThrowGone("key", key.name);
    if (key.secret) RequireSourceRights(key.created_by, *key.secret, "secret");
    if (key.signer) RequireSourceRights(key.created_by, *key.signer, "signer");
}

void RequireRestoreRights(Oid role, const StoreRecord& store) {
    if (!ParseLocation(store.url).IsDirectory() || Has(role, ROLE_PG_READ_SERVER_FILES)) return;
    throw Error(Errc::Permission,
                "role \"" + RoleName(role) + "\" may not restore from store \"" + store.name + "\"",
                "A store in a directory needs the rights of pg_read_server_files.",
                "GRANT pg_read_server_files TO " + QuoteIdent(RoleName(role)) + ";");
}

void RequireCreator(Oid role, Oid creator, const std::string& what, const std::string& name) {
    if (IsSuperuser(role) || role == creator) return;
    throw Error(Errc::Permission, "must have created " + what + " \"" + name + "\" or be superuser",
                "It was created by \"" + RoleName(creator) + "\".");
}

void RequireScheduleOwner(Oid role, const ScheduleRecord& schedule) {
    if (IsSuperuser(role) || ActsFor(role, schedule.owner)) return;
    throw Error(Errc::Permission, "must be owner of schedule \"" + schedule.name + "\"",
                "It belongs to \"" + RoleName(schedule.owner) + "\".");
}

void RequireLogin(Oid role) {
    bool can_login = false;
    const bool exists = Pg([&] {
        HeapTuple tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
        if (!HeapTupleIsValid(tuple)) return false;
        can_login = reinterpret_cast<Form_pg_authid>(GETSTRUCT(tuple))->rolcanlogin;
        ReleaseSysCache(tuple);
        return true;
    });
    if (!exists) {
        throw Error(Errc::NotFound, "the role that the run acts as no longer exists",
                    "Its oid was " + std::to_string(role) + ".",
                    "Give the schedule to another role: SELECT backup_alter_schedule(name => '…', "
                    "owner => 'role');");
    }
    if (can_login) return;
    throw Error(Errc::Permission, "role \"" + RoleName(role) + "\" is not permitted to log in",
                "A run acts as this role.", "ALTER ROLE " + QuoteIdent(RoleName(role)) + " LOGIN;");
}

void RequireConnect(Oid role, Oid database, const std::string& name) {
    if (Pg([&] { return MayConnect(database, role); })) return;
    throw Error(Errc::Permission,
                "role \"" + RoleName(role) + "\" may not connect to database \"" + name + "\"", "",
                "GRANT CONNECT ON DATABASE " + QuoteIdent(name) + " TO " +
                    QuoteIdent(RoleName(role)) + ";");
}

} // namespace lifeboat::pg
