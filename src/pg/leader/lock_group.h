// The server process of a leader's pg_dump joins the leader's lock group, as a parallel worker
// does.
//
// The leader holds ACCESS SHARE on every table until the backup's end. Whoever wants a table for
// himself queues behind that, pg_dump's own ACCESS SHARE would queue behind him, and the leader
// waits for pg_dump: a deadlock that PostgreSQL cannot see. In a lock group it sees it, and gives a
// member the lock at once that the group holds already.
//
// pg_dump is told by `lifeboat.lock_group` in its startup options: the leader's pid and a token
// that only this server can make, good for one transaction of that leader in that database.
#pragma once

#include "pg/postgres.h"

namespace lifeboat::pg {

// In _PG_init, when the module is preloaded.
void DefineLockGroupSetting();

// In a leader, before it connects. At its end, after its transaction's, the sessions that joined
// are ended and waited for.
void OutliveLockGroup();

// In the leader's transaction: the startup options with which a session joins its lock group. Empty
// when the module is not preloaded: then there is no secret, and nobody who knows the setting.
std::string LeadLockGroup();

} // namespace lifeboat::pg
