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
