// SQL for objects in which each statement stands on a line of its own.
#pragma once

#include "core/format/toc.h"

namespace lifeboat::pg {

// A literal without a line break, whatever the text holds; nor is `:"` in it, which psql's
// variables begin with.
std::string LineLiteral(std::string_view text);
// A quoted identifier without a line break.
std::string LineIdentifier(std::string_view name);

// One grant as aclexplode tells it, privileges of one grantee together.
struct Grant {
    std::string grantor;
    std::optional<std::string> grantee; // none: PUBLIC
    std::string privileges;             // "SELECT, UPDATE"
    bool grantable = false;
};
// GRANT … ON <object> TO …; a grantor other than the owner speaks for itself.
std::vector<std::string> GrantStatements(const Grant& grant, const std::string& object,
                                         const std::string& owner);

} // namespace lifeboat::pg
