// JSON from a store: bounded, strict, and every complaint names the file and the member.
//
// 64-bit numbers are decimal strings, names that are not UTF-8 stand hexadecimal under
// `<member>_hex`, times are RFC 3339 in UTC. Everything here throws Error(Damaged): "<what> is
// damaged", with the member and what was expected as detail.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "core/base/clock.h"
#include "core/crypto/key.h"
#include "core/crypto/sha256.h"
#include "core/format/damaged.h"

namespace lifeboat {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

inline constexpr int kMaxJsonNesting = 8;

// Takes over an element of the array that is the top-level member `name`, so that a long list never
// stands in memory as JSON.
struct JsonElements {
    std::string_view name;
    std::function<void(const Json& element, size_t index)> take;
};
// Refuses more than `max_bytes`, more than kMaxJsonNesting levels, repeated members, bytes after
// the value and what is not UTF-8.
Json ParseJson(std::string_view text, std::string_view what, uint64_t max_bytes,
               const JsonElements* elements = nullptr);

bool IsUtf8(std::string_view text) noexcept;
// Digits without leading zeros.
std::optional<uint64_t> ParseDecimal64(std::string_view text) noexcept;

// An object whose members are read by name and type. Members nobody asks for are ignored. Null
// counts as absent.
class JsonObject {
public:
    JsonObject(const Json& json, std::string_view what, std::string path = {});

    [[nodiscard]] bool Has(std::string_view key) const;
    [[nodiscard]] std::string Text(std::string_view key) const;         // or <key>_hex
    [[nodiscard]] std::string OptionalText(std::string_view key) const; // "" when absent
    [[nodiscard]] std::vector<std::string> Texts(std::string_view key) const;
    [[nodiscard]] uint64_t Number64(std::string_view key) const; // decimal string
    [[nodiscard]] uint32_t Number32(std::string_view key) const; // number
    [[nodiscard]] bool Flag(std::string_view key) const;
    [[nodiscard]] Instant When(std::string_view key) const;
    [[nodiscard]] Sha256Digest Digest(std::string_view key) const;
    [[nodiscard]] KeyId Id(std::string_view key) const;
    [[nodiscard]] JsonObject Child(std::string_view key) const;
    [[nodiscard]] const Json& Array(std::string_view key) const;
    [[nodiscard]] const Json& json() const noexcept { return *json_; }

    // "cluster.timeline is not …": for checks that only the caller can make.
    [[noreturn]] void Refuse(std::string_view key, std::string_view problem) const;

private:
    [[nodiscard]] const Json* Find(std::string_view key) const;
    [[nodiscard]] const Json& Get(std::string_view key) const;
    [[nodiscard]] const std::string& String(std::string_view key) const;

    const Json* json_;
    std::string what_;
    std::string path_;
};

// The writing side. On one line, or a member per line and `indent` spaces before it.
std::string FormatJson(const OrderedJson& json, int indent = -1);
// The member, or its `_hex` twin.
void PutText(OrderedJson& object, std::string_view key, std::string_view value);
void PutTexts(OrderedJson& object, std::string_view key, const std::vector<std::string>& values);

} // namespace lifeboat
