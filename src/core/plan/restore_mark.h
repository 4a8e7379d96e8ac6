// The comment on a database that is being restored: whoever finds it knows that the database is not
// complete, and a restore of the same backup may start it over.
#pragma once

#include <string>
#include <string_view>

namespace lifeboat {

inline constexpr std::string_view kRestoreMark = "lifeboat: restore of ";

inline std::string RestoreMarkOf(std::string_view backup_id) {
    return std::string(kRestoreMark).append(backup_id).append(" in progress");
}

} // namespace lifeboat
