#include <set>

#include "core/format/toc.h"
#include "pg/bridge/query.h"
#include "pg/compat.h"
#include "pg/leader/enumerate.h"

extern "C" {
#include <access/genam.h>
#include <access/htup_details.h>
#include <access/table.h>
#include <access/twophase.h>
#include <catalog/namespace.h>
#include <catalog/pg_class.h>
#include <catalog/pg_extension.h>
#include <catalog/pg_type.h>
#include <commands/dbcommands.h>
#include <storage/lmgr.h>
#include <utils/array.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>
#include <utils/snapmgr.h>
#include <utils/syscache.h>
}

namespace lifeboat::pg {
namespace {

using Namespaces = std::map<Oid, bool>;

// pg_dump takes all schemas but the system's.
bool IsDumpedNamespace(Namespaces& known, Oid oid) {
    const auto found = known.find(oid);
    if (found != known.end()) return found->second;
    const char* name = get_namespace_name(oid);
    const bool dumped = name != nullptr && std::string_view(name).substr(0, 3) != "pg_" &&
                        std::string_view(name) != "information_schema";
    known.emplace(oid, dumped);
    return dumped;
}

// The plain part runs inside Pg(): nothing here may own memory while PostgreSQL is called.
void CollectRelations(Namespaces& namespaces, std::vector<Oid>& found) {
    Relation catalog = table_open(RelationRelationId, AccessShareLock);
    SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, nullptr, 0, nullptr);
    for (HeapTuple tuple = systable_getnext(scan); HeapTupleIsValid(tuple);
         tuple = systable_getnext(scan)) {
        const auto* form = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
        const bool kind = form->relkind == RELKIND_RELATION ||
                          form->relkind == RELKIND_PARTITIONED_TABLE ||
                          form->relkind == RELKIND_SEQUENCE;
        if (!kind || form->relpersistence == RELPERSISTENCE_TEMP) continue;
        if (IsDumpedNamespace(namespaces, form->relnamespace)) found.push_back(form->oid);
    }
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
}

// Configuration tables of extensions are dumped wherever they are.
void CollectConfigTables(std::vector<Oid>& found) {
    Relation catalog = table_open(ExtensionRelationId, AccessShareLock);
    SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, nullptr, 0, nullptr);
    for (HeapTuple tuple = systable_getnext(scan); HeapTupleIsValid(tuple);
         tuple = systable_getnext(scan)) {
        bool is_null = true;
        const Datum config =
            heap_getattr(tuple, Anum_pg_extension_extconfig, RelationGetDescr(catalog), &is_null);
        if (is_null) continue;
        ArrayType* array = DatumGetArrayTypeP(config);
        const Oid* oids = reinterpret_cast<const Oid*>(ARR_DATA_PTR(array));
        const int count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
        for (int i = 0; i < count; ++i) found.push_back(oids[i]);
    }
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
}

// Sorted, without duplicates. Looks at the catalogs as they are now, without the transaction's
// snapshot.
std::vector<Oid> ListRelations() {
    Namespaces namespaces;
    std::vector<Oid> found;
    Pg([&] {
        InvalidateCatalogSnapshot();
        CollectRelations(namespaces, found);
        CollectConfigTables(found);
    });
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

std::string NameOf(Oid relation) {
    const char* name = Pg([relation] { return get_rel_name(relation); });
    const char* schema = name == nullptr ? nullptr : Pg([relation] {
        return get_namespace_name(get_rel_namespace(relation));
    });
    if (name == nullptr || schema == nullptr) return "relation " + std::to_string(relation);
    return QualifiedName(schema, name);
}

std::string DatabaseName() {
    const char* name = Pg([] { return get_database_name(MyDatabaseId); });
    return name == nullptr ? std::to_string(MyDatabaseId) : std::string(name);
}

// Half of the lock table: the other half is for everybody else.
void CheckLockTable(size_t relations) {
    const uint64_t slots =
        static_cast<uint64_t>(MaxBackends) + static_cast<uint64_t>(max_prepared_xacts);
    const uint64_t room = slots * static_cast<uint64_t>(max_locks_per_xact);
    if (relations * 2 <= room) return;
    const uint64_t needed = (relations * 2 + relations / 5) / slots + 1; // a tenth to grow
    throw Error::WithSqlState("53200",
                              "too many relations for the lock table: database \"" +
                                  DatabaseName() + "\" has " + std::to_string(relations),
                              "A backup locks every table and sequence in ACCESS SHARE mode. The "
                              "lock table has room for " +
                                  std::to_string(room) +
                                  " locks, and a backup takes at most half of them.",
                              "Set max_locks_per_transaction to " + std::to_string(needed) +
                                  " or more in postgresql.conf and restart the server.");
}

// Who holds or waits for a conflicting lock; 0 when nobody is left.
std::vector<int> Blockers(Oid relation) {
    std::vector<int> pids;
    Pg([&] {
        LOCKTAG tag;
        SET_LOCKTAG_RELATION(tag, MyDatabaseId, relation);
        int count = 0;
        const VirtualTransactionId* holders = GetLockConflicts(&tag, AccessShareLock, &count);
        for (int i = 0; i < count; ++i) pids.push_back(VirtualTransactionPid(holders[i]));
    });
    return pids;
}

// PostgreSQL cannot see this deadlock: the session waits for us, not for a lock.
void CheckStarter(const RunShared& shared, const std::string& name,
                  const std::vector<int>& blockers) {
    const bool waits =
        pg_atomic_read_u32(const_cast<pg_atomic_uint32*>(&shared.starter_waits)) != 0;
    if (!waits || std::find(blockers.begin(), blockers.end(), shared.starter_pid) == blockers.end())
        return;
    throw Error(
        Errc::WrongState,
        "the session that waits for this backup holds a lock on " + name + " that the backup needs",
        "The session's open transaction has changed or locked that table, and it cannot end while "
        "it waits.",
        "End the transaction first, or call backup_run(…, wait => false).");
}

std::string PatienceText(int milliseconds) {
    return milliseconds % 1000 == 0 ? std::to_string(milliseconds / 1000) + " s"
                                    : std::to_string(milliseconds) + " ms";
}

[[noreturn]] void ThrowNoLock(const std::string& name, int patience_ms,
                              const std::vector<int>& blockers) {
    std::string who;
    for (const int pid : blockers) {
        if (pid != 0) who += (who.empty() ? "" : ", ") + std::to_string(pid);
    }
    throw StartOver(Error::WithSqlState(
        "55P03",
        "could not lock " + name + " within the lock_patience of " + PatienceText(patience_ms),
        who.empty() ? std::string()
                    : "A conflicting lock is held or waited for by process " + who + ".",
        "Let that session end, or give the schedule a longer lock_patience."));
}

// What a run waits for, where backup_progress sees it.
class ShownWait {
public:
    ShownWait(RunShared& shared, const std::string& name, const std::vector<int>& blockers)
        : shared_(shared) {
        SpinLockAcquire(&shared.lock);
        strlcpy(shared.relation, name.c_str(), sizeof(shared.relation));
        SpinLockRelease(&shared.lock);
        if (!blockers.empty())
            pg_atomic_write_u32(&shared.lock_holder, static_cast<uint32_t>(blockers.front()));
    }
    ShownWait(const ShownWait&) = delete;
    ShownWait& operator=(const ShownWait&) = delete;
    ~ShownWait() { pg_atomic_write_u32(&shared_.lock_holder, 0); }

private:
    RunShared& shared_;
};

void LockOne(RunShared& shared, Oid relation, int patience_ms) {
    if (Pg([relation] { return ConditionalLockRelationOid(relation, AccessShareLock); })) return;
    // Asked before waiting: after an error the catalogs cannot be read any more.
    const std::vector<int> blockers = Blockers(relation);
    const std::string name = NameOf(relation);
    CheckStarter(shared, name, blockers);
    const ShownWait wait(shared, name, blockers);
    try {
        Pg([relation] { LockRelationOid(relation, AccessShareLock); });
    } catch (const ServerError& error) {
        if (error.sqlstate() != "55P03" && error.sqlstate() != "40P01") throw;
        ThrowNoLock(name, patience_ms, blockers);
    }
}

// False when it was dropped before we had the lock.
bool StillThere(Oid relation) {
    return Pg([relation] {
        if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation))) return true;
        UnlockRelationOid(relation, AccessShareLock);
        return false;
    });
}

} // namespace

std::string QualifiedName(const std::string& schema, const std::string& name) {
    return QuoteIdentifier(schema) + "." + QuoteIdentifier(name);
}

std::vector<Oid> LockRelations(RunShared& shared, int lock_patience_ms, Interrupt& interrupt) {
    std::set<Oid> locked;
    for (bool changed = true; changed;) {
        changed = false;
        const std::vector<Oid> relations = ListRelations();
        CheckLockTable(relations.size());
        for (const Oid relation : relations) {
            if (locked.contains(relation)) continue;
            interrupt.Check();
            LockOne(shared, relation, lock_patience_ms);
            if (!StillThere(relation)) continue;
            locked.insert(relation);
            changed = true;
        }
    }
    return {locked.begin(), locked.end()};
}

} // namespace lifeboat::pg
