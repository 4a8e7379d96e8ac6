// What the options of services have in common: read, and refused with words.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"

namespace lifeboat {

// Throws Error(InvalidValue) that names the option and its value.
[[noreturn]] void RefuseOption(std::string_view option, std::string_view value, std::string detail,
                               std::string hint = {});

struct Endpoint {
    std::string scheme; // "https" or "http"
    std::string host;   // with ":port" where it is not the scheme's own
    std::string path;   // "" or "/…"
};
// https://host[:port][/path]; a path only where the service has one.
Endpoint ParseEndpoint(const std::string& value, bool may_have_path);

bool ParseBoolOption(std::string_view option, const std::string& value);
int ParseNumberOption(std::string_view option, std::string_view value, int least, int most);
// "60", "60s", "60 s": seconds without a byte in either direction.
std::chrono::milliseconds ParseTimeoutOption(std::string_view value);
// Not empty, no spaces, no control characters.
std::string ParseTokenOption(std::string_view option, const std::string& value);
std::string ParseAbsolutePath(std::string_view option, const std::string& value);
// "key=value&key=value" with plain characters.
std::vector<std::pair<std::string, std::string>> ParseTags(const std::string& value);

} // namespace lifeboat
