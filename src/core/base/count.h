// Numbers with their noun.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lifeboat {

// "1 table", "2 tables": for nouns whose plural is made with an s.
inline std::string Count(uint64_t count, std::string_view noun) {
    return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

} // namespace lifeboat
