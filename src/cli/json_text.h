// JSON for --json: member order as written, 64-bit numbers as numbers, bytes that are not UTF-8
// replaced.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lifeboat::cli {

using Json = nlohmann::ordered_json;

// A member per line, for people and programs.
std::string JsonText(const Json& json);
// All on one line, without the line end.
std::string JsonLine(const Json& json);

} // namespace lifeboat::cli
