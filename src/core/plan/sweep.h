// Takes backups out of a store, and removes what no backup uses (garbage.h says what that is).
//
// In this order: `started` says that it is over, commit mark, manifest and the other files of the
// folder, then objects, then key files, last `started`. So no manifest ever names what is gone; and
// whoever is interrupted leaves a folder by which the next sweeper knows that there is something
// left to do.
#pragma once

#include "core/plan/garbage.h"

namespace lifeboat {

struct SweepReport {
    std::vector<std::string> folders; // backup ids of which nothing is left
    size_t objects = 0;               // key files included
    uint64_t bytes = 0;
    // A backup whose list of objects cannot be read, or one of ours that is not there as the
    // catalog has it: so all objects stay, whichever are its own.
    std::string unreadable;
    bool all = true; // nothing unused had to stay for somebody who may be at work
};

// Removes debris of runs and what deleted backups have left. With nothing to remove only the
// folders are listed. One sweeper per store at a time is enough; several do no harm.
SweepReport Sweep(Store& store, const Sweeper& sweeper, Interrupt& interrupt);

// Backups that somebody who may be at work has for a reference.
std::set<std::string> LiveReferences(Store& store, const Sweeper& sweeper, Interrupt& interrupt);
// Its `started` says that its time is over, and the backup is none any more: whoever sweeps next
// finds its objects. May be repeated.
void TakeMark(Store& store, const std::string& backup_id, Interrupt& interrupt);

} // namespace lifeboat
