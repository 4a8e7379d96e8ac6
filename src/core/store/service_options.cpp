#include "core/store/service_options.h"

#include <algorithm>
#include <charconv>

#include "core/base/bytes.h"

namespace lifeboat {
namespace {

constexpr size_t kMostTags = 10;

bool IsHostCharacter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':' || c == '[' || c == ']' || c == '_';
}

bool IsPathCharacter(char c) { return IsHostCharacter(c) || c == '/'; }

} // namespace

void RefuseOption(std::string_view option, std::string_view value, std::string detail,
                  std::string hint) {
    throw Error(Errc::InvalidValue,
                "invalid value for store option \"" + std::string(option) + "\": \"" +
                    Printable(value) + "\"",
                std::move(detail), std::move(hint));
}

Endpoint ParseEndpoint(const std::string& value, bool may_have_path) {
    constexpr const char* kHint =
        "Write https:// and the host of the service, for example https://minio.example.org:9000.";
    Endpoint endpoint;
    std::string_view rest = value;
    for (const std::string_view scheme : {std::string_view("https"), std::string_view("http")}) {
        if (!rest.starts_with(std::string(scheme) + "://")) continue;
        endpoint.scheme = scheme;
        rest.remove_prefix(scheme.size() + 3);
        break;
    }
    if (rest.find('@') != std::string_view::npos)
        throw Error(Errc::InvalidValue,
                    "store option \"endpoint\" must not contain a user name or password", {},
                    "Option \"credentials\" says where keys are.");
    if (endpoint.scheme.empty())
        RefuseOption("endpoint", value, "It does not begin with https:// or http://.", kHint);
    while (rest.ends_with('/')) rest.remove_suffix(1);
    const size_t slash = may_have_path ? std::min(rest.find('/'), rest.size()) : rest.size();
    endpoint.host = rest.substr(0, slash);
    endpoint.path = rest.substr(slash);
    if (endpoint.host.empty() || !std::ranges::all_of(endpoint.host, IsHostCharacter) ||
        !std::ranges::all_of(endpoint.path, IsPathCharacter))
        RefuseOption("endpoint", value, "It is not a host name, alone or with a port.", kHint);
    return endpoint;
}

bool ParseBoolOption(std::string_view option, const std::string& value) {
    if (value == "true" || value == "on") return true;
    if (value == "false" || value == "off") return false;
    RefuseOption(option, value, "It is \"true\" or \"false\".");
}

int ParseNumberOption(std::string_view option, std::string_view value, int least, int most) {
    int number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size() || number < least ||
        number > most)
        RefuseOption(
            option, value,
            "It is a number from " + std::to_string(least) + " to " + std::to_string(most) + ".");
    return number;
}

std::chrono::milliseconds ParseTimeoutOption(std::string_view value) {
    std::string_view number = value;
    if (number.ends_with('s')) number.remove_suffix(1);
    while (number.ends_with(' ')) number.remove_suffix(1);
    constexpr int kHour = 3600;
    int seconds = 0;
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), seconds);
    if (error != std::errc{} || end != number.data() + number.size() || seconds < 1 ||
        seconds > kHour)
        RefuseOption("timeout", value, "It is a number of seconds from 1 to 3600.");
    return std::chrono::seconds(seconds);
}

std::string ParseTokenOption(std::string_view option, const std::string& value) {
    const bool token =
        !value.empty() && std::ranges::all_of(value, [](char c) { return c > ' ' && c < 0x7f; });
    if (!token)
        RefuseOption(option, value, "It is empty, or has spaces or control characters in it.");
    return value;
}

std::string ParseAbsolutePath(std::string_view option, const std::string& value) {
    if (!value.starts_with('/')) RefuseOption(option, value, "It is not an absolute path.");
    return value;
}

std::vector<std::pair<std::string, std::string>> ParseTags(const std::string& value) {
    std::vector<std::pair<std::string, std::string>> tags;
    for (size_t at = 0; at <= value.size();) {
        const size_t end = std::min(value.find('&', at), value.size());
        const std::string tag = value.substr(at, end - at);
        const size_t equals = tag.find('=');
        if (equals == std::string::npos || equals == 0)
            RefuseOption("tags", value, "\"" + Printable(tag) + "\" is not of the form key=value.",
                         "Write tags as key=value, joined by \"&\": team=db&kind=backup.");
        tags.emplace_back(tag.substr(0, equals), tag.substr(equals + 1));
        at = end + 1;
    }
    if (tags.size() > kMostTags) RefuseOption("tags", value, "An object has ten tags at most.");
    return tags;
}

} // namespace lifeboat
