#include "pg/bridge/guards.h"

extern "C" {
#include <utils/guc.h>
#include <utils/resowner.h>
#include <utils/snapmgr.h>
}

namespace lifeboat::pg {
namespace {

// A destructor cannot throw; what PostgreSQL has to say about a failing abort it has said in its
// log.
template <class Body>
void Quietly(Body&& body) noexcept {
    try {
        Pg(body);
    } catch (...) { // NOLINT(bugprone-empty-catch): aborting is all that is left to do
    }
}

} // namespace

Transaction::Transaction() {
    Pg([] {
        SetCurrentStatementStartTimestamp();
        StartTransactionCommand();
    });
}

Transaction::~Transaction() {
    if (open_) Quietly([] { AbortCurrentTransaction(); });
}

void Transaction::Commit() {
    Pg([] { CommitTransactionCommand(); });
    open_ = false;
}

SqlTransaction::SqlTransaction() {
    Pg([] { PushActiveSnapshot(GetTransactionSnapshot()); });
}

void SqlTransaction::Commit() {
    Pg([] { PopActiveSnapshot(); });
    transaction_.Commit();
}

Subtransaction::Subtransaction() : context_(CurrentMemoryContext), owner_(CurrentResourceOwner) {
    Pg([this] {
        BeginInternalSubTransaction(nullptr);
        MemoryContextSwitchTo(context_);
    });
}

Subtransaction::~Subtransaction() {
    if (!open_) return;
    Quietly([] { RollbackAndReleaseCurrentSubTransaction(); });
    MemoryContextSwitchTo(context_);
    CurrentResourceOwner = static_cast<ResourceOwner>(owner_);
}

void Subtransaction::Release() {
    Pg([] { ReleaseCurrentSubTransaction(); });
    open_ = false;
    MemoryContextSwitchTo(context_);
    CurrentResourceOwner = static_cast<ResourceOwner>(owner_);
}

RoleScope::RoleScope(Oid role) {
    GetUserIdAndSecContext(&saved_user_, &saved_context_);
    SetUserIdAndSecContext(
        role, saved_context_ | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    guc_level_ = NewGUCNestLevel();
    try {
        Pg([] {
            (void)set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET,
                                    PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
        });
    } catch (...) {
        SetUserIdAndSecContext(saved_user_, saved_context_);
        throw;
    }
}

RoleScope::~RoleScope() {
    // When an error has passed through, the (sub)transaction's abort restores both as well; doing
    // it twice is harmless as long as the nesting level is still ours.
    Quietly([this] { AtEOXact_GUC(true, guc_level_); });
    SetUserIdAndSecContext(saved_user_, saved_context_);
}

MemoryScope::MemoryScope(const char* name) : context_(nullptr), previous_(CurrentMemoryContext) {
    Pg([this, name] {
        context_ =
            AllocSetContextCreateInternal(CurrentMemoryContext, name, ALLOCSET_DEFAULT_SIZES);
        MemoryContextSwitchTo(context_);
    });
}

MemoryScope::~MemoryScope() {
    if (CurrentMemoryContext == context_) MemoryContextSwitchTo(previous_);
    MemoryContextDelete(context_);
}

} // namespace lifeboat::pg
