// Messages as CBOR: how texts and lists stand in it, for the files that encode and decode.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace lifeboat::pg::cbor {

using Json = nlohmann::json;

// Texts travel as byte strings: names need not be UTF-8.
Json Text(std::string_view text);
std::string GetText(const Json& json);
Json Texts(const std::vector<std::string>& texts);
std::vector<std::string> GetTexts(const Json& array);
Json TextMap(const std::map<std::string, std::string>& map);
std::map<std::string, std::string> GetTextMap(const Json& object);

std::string Pack(const Json& json);
Json Parse(std::string_view cbor);
[[noreturn]] void ThrowUnreadable(const Json::exception& failure);

// Runs `read` on the parsed message; whatever does not fit is a bug of ours, both ends are of one
// build.
template <class Read>
auto Unpack(std::string_view cbor, Read&& read) {
    try {
        return read(Parse(cbor));
    } catch (const Json::exception& failure) {
        ThrowUnreadable(failure);
    }
}

} // namespace lifeboat::pg::cbor
