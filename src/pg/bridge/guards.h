// RAII around what PostgreSQL wants to be paired: transactions, identities, memory contexts, SPI.
#pragma once

#include "pg/bridge/bridge.h"

namespace lifeboat::pg {

// A transaction in a background worker. Commit() may throw; without it the transaction is aborted.
class Transaction {
public:
    Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();
    void Commit();

private:
    bool open_ = true;
};

// A transaction with an active snapshot, as SPI needs one in a background worker.
class SqlTransaction {
public:
    SqlTransaction();
    void Commit();

private:
    Transaction transaction_;
};

// A subtransaction, for backends that are in the caller's transaction. Without Release() it is
// rolled back.
class Subtransaction {
public:
    Subtransaction();
    Subtransaction(const Subtransaction&) = delete;
    Subtransaction& operator=(const Subtransaction&) = delete;
    ~Subtransaction();
    void Release();

private:
    MemoryContext context_;
    void* owner_; // ResourceOwner
    bool open_ = true;
};

// Acts as another role until the end of the scope, with search_path = pg_catalog, pg_temp and
// security-restricted as a SECURITY DEFINER function of that role would be. For reading and writing
// our own tables as the extension's owner.
class RoleScope {
public:
    explicit RoleScope(Oid role);
    RoleScope(const RoleScope&) = delete;
    RoleScope& operator=(const RoleScope&) = delete;
    ~RoleScope();

private:
    Oid saved_user_ = InvalidOid;
    int saved_context_ = 0;
    int guc_level_ = 0;
};

// A memory context of its own, deleted at the end; current inside.
class MemoryScope {
public:
    explicit MemoryScope(const char* name);
    MemoryScope(const MemoryScope&) = delete;
    MemoryScope& operator=(const MemoryScope&) = delete;
    ~MemoryScope();
    [[nodiscard]] MemoryContext context() const noexcept { return context_; }
    void Reset() { MemoryContextReset(context_); }

private:
    MemoryContext context_;
    MemoryContext previous_;
};

} // namespace lifeboat::pg
