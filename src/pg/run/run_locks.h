// Session locks of the control database by which runs know of each other. The server releases them
// when a process ends, however it ends: a run whose lock nobody holds is dead. They lie in the
// advisory lock space with a class of their own, so SQL's advisory locks never meet them.
#pragma once

#include "pg/bridge/bridge.h"

namespace lifeboat::pg {

// Held by a run as long as it lives.
bool TakeRunLock(int64_t run_id);
bool IsRunAlive(int64_t run_id);

// One of `count` places to work in; false when all are taken.
bool TakeSlot(int count);
int SlotsTaken(int count);

// Serialises the giving of sequence numbers for a database in a store. Waits, and looks at
// `interrupt` meanwhile: a cancel, a timeout or a termination must not wait for somebody else's
// slow commit.
class ChainLock {
public:
    ChainLock(std::string_view store_id, Oid database, Interrupt& interrupt);
    ChainLock(const ChainLock&) = delete;
    ChainLock& operator=(const ChainLock&) = delete;
    ~ChainLock();

private:
    uint32_t store_;
    Oid database_;
};

// One per store at a time takes backups or debris out of it. (Of this control database: others are
// known by what they write to the store.)
class CleanerLock {
public:
    explicit CleanerLock(std::string_view store_id); // does not wait
    CleanerLock(std::string_view store_id, Interrupt& interrupt);
    CleanerLock(const CleanerLock&) = delete;
    CleanerLock& operator=(const CleanerLock&) = delete;
    ~CleanerLock();
    [[nodiscard]] bool taken() const noexcept { return taken_; }

private:
    uint32_t store_;
    bool taken_;
};

} // namespace lifeboat::pg
