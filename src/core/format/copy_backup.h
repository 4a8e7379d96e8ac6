// Copies one committed backup from a store into another: every object as it is stored, encrypted
// ones without any key.
//
// What the other store has already is not sent again, so a copy that was interrupted, however, goes
// on when it is made anew. Nothing of it is listed before its last file, the commit mark, which
// comes when every object was looked up once more, and is taken back if one is missing right after.
// Each object's size and SHA-256 are checked against SHA256SUMS on the way; the store does not show
// one that does not fit. What was there before counts only after it was read and fits; else it is
// replaced.
#pragma once

#include "core/format/backup.h"

namespace lifeboat {

struct CopyProgress {
    std::atomic<uint64_t> bytes_total{0}; // that are missing; 0 until known
    std::atomic<uint64_t> bytes_done{0};
    std::optional<Started> announced; // by this copy, and not withdrawn
};

// Writes the announcement while nobody cleans the other store, as far as the caller can see to it:
// what is there is looked at afterwards, and a cleaner that began before would not know.
using CopyGate = std::function<void(const std::function<void()>& announce)>;

struct CopyReport {
    Backup backup;
    uint64_t objects = 0; // sent now, the toc included
    uint64_t bytes = 0;
    uint64_t objects_there = 0; // of earlier attempts, or of other backups
    uint64_t bytes_there = 0;
    bool was_complete = false; // the commit mark was there before
};

// `from` is opened as `trust` says: Error(NotFound) without a commit mark, Error(Damaged) when an
// object is not what SHA256SUMS says and from.Distrust() knows no other copy. Error(WrongState)
// when both are one store, or when the other store's encryption is not the backup's;
// Error(Damaged) naming an object that is there with another size or content and may not be
// replaced: nobody vouches for the backup, or it is listed there; Error(DiskFull) when what is
// missing does not fit. Of a copy that is listed only what is missing is sent.
CopyReport CopyBackup(Store& from, Store& to, std::string_view backup_id, const Trust& trust,
                      Interrupt& interrupt, CopyProgress* progress = nullptr);
// The same of a backup that was opened already, from `from` or another copy of it.
CopyReport CopyBackup(Store& from, Store& to, Backup backup, Interrupt& interrupt,
                      CopyProgress* progress = nullptr, const CopyGate& gate = {});

// A copy that failed is announced no more (CopyBackup does so by itself, where the store lets it:
// one whose user was interrupted may not). Only what this copy itself has announced: another one
// of this backup may be at work. Best effort.
void WithdrawCopy(Store& to, const std::string& backup_id, CopyProgress& progress) noexcept;

// Makes the store that the backup can be copied into, when there is none. True when it did.
bool CreateStoreFor(Store& to, const Backup& backup);

} // namespace lifeboat
