// Who may do what: checked as the caller, at every use.
#pragma once

#include <functional>

#include "pg/catalog/repository.h"

namespace lifeboat::pg {

// The caller of a SQL function.
inline Oid Caller() { return GetUserId(); }
bool IsSuperuser(Oid role);
bool ActsFor(Oid role, Oid other); // has the privileges of `other`
bool RoleExists(Oid role);

// file: needs pg_read_server_files, command: pg_execute_server_program, env: superuser.
void RequireSourceRights(Oid role, const std::string& source, const std::string& option);
// What creating or using this store needs of its creator.
void RequireStoreRights(Oid role, const Location& location, const StoreOptions& options);
// The same at a use: also that the creator still exists.
void RequireStoreUse(const StoreRecord& store);
void RequireKeyUse(const KeyRecord& key);
// Whether one of these does not throw Error(Permission).
bool IsPermitted(const std::function<void()>& require);
// Reading rows out of a store for a restore.
void RequireRestoreRights(Oid role, const StoreRecord& store);
// Error(Permission): only who created it and superusers.
void RequireCreator(Oid role, Oid creator, const std::string& what, const std::string& name);
void RequireScheduleOwner(Oid role, const ScheduleRecord& schedule);

// The acting role must be able to log in and to connect to the database.
void RequireLogin(Oid role);
void RequireConnect(Oid role, Oid database, const std::string& name);

} // namespace lifeboat::pg
