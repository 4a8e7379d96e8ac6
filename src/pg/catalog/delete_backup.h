// Takes a backup out of its store: first its commit mark, so that it is no backup any more, then
// the objects and keys that no other backup names, then what is left of its folder. Every step may
// be repeated: who is interrupted calls it again.
#pragma once

#include "pg/catalog/repository.h"

namespace lifeboat::pg {

struct DeleteReport {
    size_t objects = 0;
    uint64_t bytes = 0;
    // Another backup's list of objects cannot be read: so its objects stay, whichever they are.
    std::string unreadable;
};
// Error(WrongState) when a run at work refers to it. One at a time per store.
DeleteReport DeleteBackup(Store& store, const std::string& backup_id, Interrupt& interrupt);

} // namespace lifeboat::pg
