// Messages as CBOR: how texts and lists stand in it, for the files that encode and decode.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"

namespace lifeboat::pg::cbor {

using Json = nlohmann::json;

// Texts travel as byte strings: names need not be UTF-8.
inline Json Text(std::string_view text) { return Json::binary({text.begin(), text.end()}); }

inline std::string GetText(const Json& json) {
    const auto& bytes = json.get_binary();
    return {bytes.begin(), bytes.end()};
}

inline Json Texts(const std::vector<std::string>& texts) {
    Json array = Json::array();
    for (const std::string& text : texts) array.push_back(Text(text));
    return array;
}

inline std::vector<std::string> GetTexts(const Json& array) {
    std::vector<std::string> texts;
    for (const Json& item : array) texts.push_back(GetText(item));
    return texts;
}

inline Json TextMap(const std::map<std::string, std::string>& map) {
    Json object = Json::object();
    for (const auto& [name, value] : map) object[name] = Text(value);
    return object;
}

inline std::map<std::string, std::string> GetTextMap(const Json& object) {
    std::map<std::string, std::string> map;
    for (const auto& [name, value] : object.items()) map.emplace(name, GetText(value));
    return map;
}

inline std::string Pack(const Json& json) {
    std::string bytes;
    Json::to_cbor(json, bytes);
    return bytes;
}

// Runs `read` on the parsed message; whatever does not fit is a bug of ours, both ends are of one
// build.
template <class Read>
auto Unpack(std::string_view cbor, Read&& read) {
    try {
        return read(Json::from_cbor(cbor.begin(), cbor.end()));
    } catch (const Json::exception& failure) {
        throw Error(Errc::Internal, "a message between processes could not be read",
                    failure.what());
    }
}

} // namespace lifeboat::pg::cbor
