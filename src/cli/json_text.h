// JSON for --json: member order as written, 64-bit numbers as numbers, bytes that are not UTF-8
// replaced.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lifeboat::cli {

using Json = nlohmann::ordered_json;

inline std::string JsonText(const Json& json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace lifeboat::cli
