#include "pg/run/run_locks.h"

#include "pg/run/run_interrupt.h"

extern "C" {
#include <common/hashfn.h>
#include <storage/lock.h>
}

namespace lifeboat::pg {
namespace {

// The fourth field; advisory locks of SQL have 1 and 2 there.
enum LockClass : uint16_t { kRunClass = 0x4C01, kSlotClass, kChainClass, kCleanerClass };

constexpr int kPollMs = 100;

// The run that this process is: its own lock does not stand in its way.
int64_t own_run = 0;

LOCKTAG Tag(LockClass kind, uint32_t high, uint32_t low) {
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, high, low, kind);
    return tag;
}

// Never waits: who waits in the lock manager hears nothing else.
bool Take(const LOCKTAG& tag, LOCKMODE mode) {
    return Pg([&] { return LockAcquire(&tag, mode, true, true) != LOCKACQUIRE_NOT_AVAIL; });
}

void Release(const LOCKTAG& tag, LOCKMODE mode) {
    Pg([&] { (void)LockRelease(&tag, mode, true); });
}

// Somebody else holds it.
bool IsTaken(const LOCKTAG& tag) {
    if (!Take(tag, ShareLock)) return true;
    Release(tag, ShareLock);
    return false;
}

LOCKTAG RunTag(int64_t run_id) {
    return Tag(kRunClass, static_cast<uint32_t>(run_id >> 32), static_cast<uint32_t>(run_id));
}

uint32_t Hash(std::string_view text) {
    return hash_bytes(reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
}

} // namespace

bool TakeRunLock(int64_t run_id) {
    if (!Take(RunTag(run_id), ExclusiveLock)) return false;
    own_run = run_id;
    return true;
}

bool IsRunAlive(int64_t run_id) { return run_id == own_run || IsTaken(RunTag(run_id)); }

bool TakeSlot(int count) {
    for (int slot = 0; slot < count; ++slot) {
        if (Take(Tag(kSlotClass, 0, static_cast<uint32_t>(slot)), ExclusiveLock)) return true;
    }
    return false;
}

int SlotsTaken(int count) {
    int taken = 0;
    for (int slot = 0; slot < count; ++slot) {
        if (IsTaken(Tag(kSlotClass, 0, static_cast<uint32_t>(slot)))) ++taken;
    }
    return taken;
}

ChainLock::ChainLock(std::string_view store_id, Oid database, Interrupt& interrupt)
    : store_(Hash(store_id)), database_(database) {
    const LOCKTAG tag = Tag(kChainClass, store_, database_);
    while (!Take(tag, ExclusiveLock)) WaitForLatch(kPollMs, interrupt);
}

ChainLock::~ChainLock() {
    try {
        Release(Tag(kChainClass, store_, database_), ExclusiveLock);
    } catch (...) { // NOLINT(bugprone-empty-catch): it goes with the process
    }
}

CleanerLock::CleanerLock(std::string_view store_id)
    : store_(Hash(store_id)), taken_(Take(Tag(kCleanerClass, store_, 0), ExclusiveLock)) {}

CleanerLock::CleanerLock(std::string_view store_id, Interrupt& interrupt) : CleanerLock(store_id) {
    while (!taken_) {
        WaitForLatch(kPollMs, interrupt);
        taken_ = Take(Tag(kCleanerClass, store_, 0), ExclusiveLock);
    }
}

CleanerLock::~CleanerLock() {
    try {
        if (taken_) Release(Tag(kCleanerClass, store_, 0), ExclusiveLock);
    } catch (...) { // NOLINT(bugprone-empty-catch): it goes with the process
    }
}

} // namespace lifeboat::pg
