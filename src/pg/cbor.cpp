#include "pg/cbor.h"

#include "core/base/error.h"

namespace lifeboat::pg::cbor {

Json Text(std::string_view text) { return Json::binary({text.begin(), text.end()}); }

std::string GetText(const Json& json) {
    const auto& bytes = json.get_binary();
    return {bytes.begin(), bytes.end()};
}

Json Texts(const std::vector<std::string>& texts) {
    Json array = Json::array();
    for (const std::string& text : texts) array.push_back(Text(text));
    return array;
}

std::vector<std::string> GetTexts(const Json& array) {
    std::vector<std::string> texts;
    for (const Json& item : array) texts.push_back(GetText(item));
    return texts;
}

Json TextMap(const std::map<std::string, std::string>& map) {
    Json object = Json::object();
    for (const auto& [name, value] : map) object[name] = Text(value);
    return object;
}

std::map<std::string, std::string> GetTextMap(const Json& object) {
    std::map<std::string, std::string> map;
    for (const auto& [name, value] : object.items()) map.emplace(name, GetText(value));
    return map;
}

std::string Pack(const Json& json) {
    std::string bytes;
    Json::to_cbor(json, bytes);
    return bytes;
}

Json Parse(std::string_view cbor) { return Json::from_cbor(cbor.begin(), cbor.end()); }

void ThrowUnreadable(const Json::exception& failure) {
    throw Error(Errc::Internal, "a message between processes could not be read", failure.what());
}

} // namespace lifeboat::pg::cbor
