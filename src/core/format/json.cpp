#include "core/format/json.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "core/base/error.h"

namespace lifeboat {
namespace {

constexpr std::string_view kHexSuffix = "_hex";

// Watches the parser: depth, repeated members, and the elements that are taken over.
class Watcher {
public:
    Watcher(std::string_view what, const JsonElements* elements)
        : what_(what), elements_(elements) {}

    bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
        using Event = Json::parse_event_t;
        switch (event) {
        case Event::object_start:
        case Event::array_start: Open(depth); return true;
        case Event::key: AddMember(depth, parsed); return true;
        case Event::object_end: return !Taken(depth, parsed);
        case Event::array_end:
        case Event::value: return true;
        }
        return true;
    }

private:
    void Open(int depth) {
        if (depth >= kMaxJsonNesting)
            ThrowDamaged(what_,
                         "It nests deeper than " + std::to_string(kMaxJsonNesting) + " levels.");
        members_.resize(static_cast<size_t>(depth) + 1);
        members_.back().clear();
    }
    void AddMember(int depth, const Json& key) {
        const auto& name = key.get_ref<const std::string&>();
        members_.resize(static_cast<size_t>(depth)); // what a closed deeper object left
        if (!members_.back().insert(name).second)
            ThrowDamaged(what_, "The member \"" + Printable(name) + "\" is there twice.");
        if (depth == 1) top_member_ = name;
    }
    bool Taken(int depth, const Json& element) {
        if (elements_ == nullptr || depth != 2 || top_member_ != elements_->name) return false;
        elements_->take(element, taken_++);
        return true;
    }

    std::string_view what_;
    const JsonElements* elements_;
    std::vector<std::set<std::string>> members_;
    std::string top_member_;
    size_t taken_ = 0;
};

// Length of the well-formed UTF-8 sequence at the head of `text`, 0 if there is none (RFC 3629).
size_t Utf8Sequence(std::string_view text) noexcept {
    const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = at(0);
    if (lead < 0x80) return 1;
    const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
    for (size_t i = 1; i < length; ++i)
        if ((at(i) & 0xC0) != 0x80) return 0;
    const unsigned char second = at(1);
    const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool surrogate = lead == 0xED && second > 0x9F;
    const bool beyond = lead == 0xF4 && second > 0x8F;
    return overlong || surrogate || beyond ? 0 : length;
}

} // namespace

Json ParseJson(std::string_view text, std::string_view what, uint64_t max_bytes,
               const JsonElements* elements) {
    if (text.size() > max_bytes)
        ThrowDamaged(what, "It has " + std::to_string(text.size()) + " bytes, at most " +
                               std::to_string(max_bytes) + " are accepted.");
    Watcher watcher(what, elements);
    try {
        return Json::parse(text, std::ref(watcher));
    } catch (const Json::parse_error& e) {
        ThrowDamaged(what, "It is not JSON at byte " + std::to_string(e.byte) + ".");
    } catch (const Json::exception&) {
        ThrowDamaged(what, "It holds a number that is out of range.");
    }
}

bool IsUtf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const size_t length = Utf8Sequence(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::optional<uint64_t> ParseDecimal64(std::string_view text) noexcept {
    uint64_t value = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (text.size() > 1 && text[0] == '0') return std::nullopt;
    return value;
}

JsonObject::JsonObject(const Json& json, std::string_view what, std::string path)
    : json_(&json), what_(what), path_(std::move(path)) {
    if (!json.is_object())
        ThrowDamaged(what_,
                     path_.empty() ? "It is not a JSON object." : path_ + " is not an object.");
}

void JsonObject::Refuse(std::string_view key, std::string_view problem) const {
    ThrowDamaged(what_, (path_.empty() ? "" : path_ + ".") + std::string(key) + " " +
                            std::string(problem) + ".");
}

const Json* JsonObject::Find(std::string_view key) const {
    const auto found = json_->find(key);
    return found == json_->end() || found->is_null() ? nullptr : &*found;
}

const Json& JsonObject::Get(std::string_view key) const {
    const Json* found = Find(key);
    if (found == nullptr) Refuse(key, "is missing");
    return *found;
}

const std::string& JsonObject::String(std::string_view key) const {
    const Json& value = Get(key);
    if (!value.is_string()) Refuse(key, "is not a string");
    return value.get_ref<const std::string&>();
}

bool JsonObject::Has(std::string_view key) const { return Find(key) != nullptr; }

std::string JsonObject::Text(std::string_view key) const {
    const std::string hex_key = std::string(key).append(kHexSuffix);
    std::string text;
    if (Has(hex_key)) {
        if (Has(key)) Refuse(hex_key, "stands beside its plain form");
        const std::string& hex = String(hex_key);
        text.resize(hex.size() / 2);
        if (!DecodeHex(hex, std::as_writable_bytes(std::span(text))))
            Refuse(hex_key, "is not lower-case hexadecimal");
    } else {
        text = String(key);
    }
    if (text.find('\0') != std::string::npos) Refuse(key, "holds a zero byte");
    return text;
}

std::string JsonObject::OptionalText(std::string_view key) const {
    return Has(key) || Has(std::string(key).append(kHexSuffix)) ? Text(key) : std::string();
}

std::vector<std::string> JsonObject::Texts(std::string_view key) const {
    const std::string hex_key = std::string(key).append(kHexSuffix);
    const bool hex = Has(hex_key);
    if (!hex && !Has(key)) return {};
    std::vector<std::string> texts;
    for (const Json& item : Array(hex ? hex_key : key)) {
        if (!item.is_string()) Refuse(key, "holds something that is not a string");
        const auto& raw = item.get_ref<const std::string&>();
        std::string text(hex ? raw.size() / 2 : 0, '\0');
        if (!hex)
            text = raw;
        else if (!DecodeHex(raw, std::as_writable_bytes(std::span(text))))
            Refuse(hex_key, "holds something that is not lower-case hexadecimal");
        if (text.find('\0') != std::string::npos) Refuse(key, "holds a zero byte");
        texts.push_back(std::move(text));
    }
    return texts;
}

uint64_t JsonObject::Number64(std::string_view key) const {
    const auto value = ParseDecimal64(String(key));
    if (!value) Refuse(key, "is not a decimal number in a string");
    return *value;
}

uint32_t JsonObject::Number32(std::string_view key) const {
    const Json& value = Get(key);
    if (!value.is_number_unsigned() || value.get<uint64_t>() > UINT32_MAX)
        Refuse(key, "is not a whole number from 0 to 4294967295");
    return value.get<uint32_t>();
}

bool JsonObject::Flag(std::string_view key) const {
    const Json& value = Get(key);
    if (!value.is_boolean()) Refuse(key, "is neither true nor false");
    return value.get<bool>();
}

Instant JsonObject::When(std::string_view key) const {
    const auto when = ParseRfc3339(String(key));
    if (!when) Refuse(key, "is not a time like 2026-11-20T02:15:00.000000Z");
    return *when;
}

Sha256Digest JsonObject::Digest(std::string_view key) const {
    Sha256Digest digest{};
    if (!DecodeHex(String(key), digest))
        Refuse(key, "is not a SHA-256 of 64 lower-case hexadecimal characters");
    return digest;
}

KeyId JsonObject::Id(std::string_view key) const {
    KeyId id{};
    if (!DecodeHex(String(key), id))
        Refuse(key, "is not an id of 32 lower-case hexadecimal characters");
    return id;
}

JsonObject JsonObject::Child(std::string_view key) const {
    return {Get(key), what_, (path_.empty() ? "" : path_ + ".") + std::string(key)};
}

const Json& JsonObject::Array(std::string_view key) const {
    const Json& value = Get(key);
    if (!value.is_array()) Refuse(key, "is not an array");
    return value;
}

std::string FormatJson(const OrderedJson& json, int indent) { return json.dump(indent); }

void PutText(OrderedJson& object, std::string_view key, std::string_view value) {
    if (IsUtf8(value))
        object[std::string(key)] = value;
    else
        object[std::string(key).append(kHexSuffix)] = ToHex(AsBytes(value));
}

void PutTexts(OrderedJson& object, std::string_view key, const std::vector<std::string>& values) {
    const bool plain =
        std::all_of(values.begin(), values.end(), [](const auto& value) { return IsUtf8(value); });
    OrderedJson list = OrderedJson::array();
    for (const std::string& value : values) list.push_back(plain ? value : ToHex(AsBytes(value)));
    object[plain ? std::string(key) : std::string(key).append(kHexSuffix)] = std::move(list);
}

} // namespace lifeboat
