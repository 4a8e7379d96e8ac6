// The comment on a database that is being restored: whoever finds it knows that the database is not
// complete, and a restore of the same backup may start it over.
#pragma once

#include <string>
#include <string_view>

#include "core/crypto/sha256.h"

namespace lifeboat {

inline constexpr std::string_view kRestoreMark = "lifeboat: restore of ";

inline std::string RestoreMarkOf(std::string_view backup_id) {
    return std::string(kRestoreMark).append(backup_id).append(" in progress");
}

// The name that the database has before it is marked: the same for every restore of this backup
// into this database.
inline std::string RestoreNameOf(std::string_view database, std::string_view backup_id) {
    const std::string both = std::string(database).append(1, '\0').append(backup_id);
    return "lifeboat_restore_" + ToHex(Sha256Of(AsBytes(both))).substr(0, 32);
}

} // namespace lifeboat
