// By its `started` those who clean a store see that somebody copies a backup into it, and remove
// nothing that is there already.
#pragma once

#include "core/format/copy_backup.h"

namespace lifeboat {

class CopyAnnouncement {
public:
    // All must outlive it.
    CopyAnnouncement(Store& to, const Manifest& manifest, CopyProgress& progress,
                     const CopyGate& gate)
        : to_(to),
          backup_id_(manifest.backup_id),
          system_identifier_(manifest.cluster.system_identifier),
          progress_(progress),
          gate_(gate) {}
    // Replaces that of an earlier attempt, or of another copy of this backup.
    void Make();
    // There is one, whoever made it, and it has some time left: another copy of this backup may be
    // at work, and have ended ours with its own.
    bool IsValid();

private:
    void Write();
    Store& to_;
    std::string backup_id_;
    std::string system_identifier_;
    CopyProgress& progress_;
    const CopyGate& gate_;
};

} // namespace lifeboat
