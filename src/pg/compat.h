// Every difference between server versions, in one place. Included after pg/postgres.h.
#pragma once

#include "pg/postgres.h"

extern "C" {
#include <catalog/pg_database.h>
#include <pgstat.h>
#include <storage/lock.h>
#include <storage/proc.h>
#include <storage/procarray.h>
#include <storage/sinvaladt.h>
#include <utils/acl.h>
#include <utils/backend_status.h>
#include <utils/guc.h>
#include <utils/guc_tables.h>

// Of utils/pg_locale.h, which needs ICU's headers; the server's packages do not bring those.
extern bool check_locale(int category, const char* locale, char** canonname);
}

namespace lifeboat::pg {

// The entry of a snapshot of all sessions, from 1.
inline LocalPgBackendStatus* SessionStatus(int index) {
#if PG_VERSION_NUM >= 160000
    return pgstat_get_local_beentry_by_index(index);
#else
    return pgstat_fetch_stat_local_beentry(index);
#endif
}

// Client sessions that do not call themselves `except`. Raises: call inside Pg().
inline int CountClients(const char* except) {
    pgstat_clear_backend_activity_snapshot();
    int clients = 0;
    const int sessions = pgstat_fetch_stat_numbackends();
    for (int i = 1; i <= sessions; ++i) {
        const LocalPgBackendStatus* entry = SessionStatus(i);
        if (entry == nullptr || entry->backendStatus.st_procpid <= 0) continue;
        if (entry->backendStatus.st_backendType != B_BACKEND) continue;
        if (std::string_view(entry->backendStatus.st_appname) != except) ++clients;
    }
    return clients;
}

// The process behind a virtual transaction id, 0 if it is gone.
inline int VirtualTransactionPid(const VirtualTransactionId& id) {
#if PG_VERSION_NUM >= 170000
    const PGPROC* process = ProcNumberGetProc(id.procNumber);
#else
    const PGPROC* process = BackendIdGetProc(id.backendId);
#endif
    return process == nullptr ? 0 : process->pid;
}

// CONNECT on a database. Raises: call inside Pg().
inline bool MayConnect(Oid database, Oid role) {
#if PG_VERSION_NUM >= 160000
    return object_aclcheck(DatabaseRelationId, database, role, ACL_CONNECT) == ACLCHECK_OK;
#else
    return pg_database_aclcheck(database, role, ACL_CONNECT) == ACLCHECK_OK;
#endif
}

// The server's own description of a setting, nullptr when it has none of that name.
inline config_int* FindIntSetting(const char* name) {
#if PG_VERSION_NUM >= 160000
    config_generic* found = find_option(name, false, true, 0);
#else
    config_generic** all = get_guc_variables();
    config_generic** end = all + GetNumConfigOptions();
    config_generic** at = std::find_if(all, end, [name](const config_generic* one) {
        return std::string_view(one->name) == name;
    });
    config_generic* found = at == end ? nullptr : *at;
#endif
    if (found == nullptr || found->vartype != PGC_INT) return nullptr;
    return reinterpret_cast<config_int*>(found);
}

// Columns of pg_database.
#if PG_VERSION_NUM >= 170000
inline constexpr const char* kDatabaseLocaleColumn = "datlocale";
#else
inline constexpr const char* kDatabaseLocaleColumn = "daticulocale";
#endif
#if PG_VERSION_NUM >= 160000
inline constexpr const char* kDatabaseIcuRulesColumn = "daticurules";
#else
inline constexpr const char* kDatabaseIcuRulesColumn = "NULL";
#endif

} // namespace lifeboat::pg
