// What somebody may have meant who mistyped a name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lifeboat {

// The name that the fewest slips lead to (a character too many, too few, or wrong; two exchanged).
// nullopt when none is close: more than one slip in three characters.
std::optional<std::string> ClosestName(std::string_view typed,
                                       const std::vector<std::string>& names);

} // namespace lifeboat
