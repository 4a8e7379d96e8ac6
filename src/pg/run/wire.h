// Messages between processes of one build: the fields of a struct one after the other, numbers as
// they lie in memory, texts and lists behind their length. Texts are bytes: names need not be
// UTF-8.
//
// A struct can travel when FieldsOf(Type<Struct>) gives pointers to its members, in any order: the
// same list writes and reads it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/error.h"

namespace lifeboat::pg::wire {

template <class T>
struct Type {};

// Numbers, truth values, enumerations and octets. (Not structs: padding would travel.)
template <class T>
concept Plain = std::is_arithmetic_v<T> || std::is_enum_v<T>;

class Writer {
public:
    template <Plain T>
    void Put(const T& value) {
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    }
    void Put(const std::string& text) {
        Put(static_cast<uint64_t>(text.size()));
        bytes_.append(text);
    }
    template <Plain T, size_t N>
    void Put(const std::array<T, N>& items) {
        for (const T& item : items) Put(item);
    }
    template <class Clock, class Unit>
    void Put(const std::chrono::time_point<Clock, Unit>& time) {
        Put(time.time_since_epoch().count());
    }
    template <class T>
    void Put(const std::optional<T>& value) {
        Put(value.has_value());
        if (value) Put(*value);
    }
    template <class T>
    void Put(const std::vector<T>& items) {
        Put(static_cast<uint64_t>(items.size()));
        for (const T& item : items) Put(item);
    }
    template <class Key, class Value>
    void Put(const std::map<Key, Value>& items) {
        Put(static_cast<uint64_t>(items.size()));
        for (const auto& [key, value] : items) {
            Put(key);
            Put(value);
        }
    }
    template <class... Ts>
    void Put(const std::variant<Ts...>& value) {
        Put(static_cast<uint64_t>(value.index()));
        std::visit([this](const auto& one) { Put(one); }, value);
    }
    template <class T>
    requires requires { FieldsOf(Type<T>{}); }
    void Put(const T& value) {
        std::apply([&](auto... field) { (Put(value.*field), ...); }, FieldsOf(Type<T>{}));
    }

    [[nodiscard]] std::string Take() { return std::move(bytes_); }

private:
    std::string bytes_;
};

class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    template <Plain T>
    void Get(T& value) {
        std::memcpy(&value, Next(sizeof(value)).data(), sizeof(value));
    }
    void Get(std::string& text) { text = Next(Size()); }
    template <Plain T, size_t N>
    void Get(std::array<T, N>& items) {
        for (T& item : items) Get(item);
    }
    template <class Clock, class Unit>
    void Get(std::chrono::time_point<Clock, Unit>& time) {
        typename Unit::rep count{};
        Get(count);
        time = std::chrono::time_point<Clock, Unit>(Unit(count));
    }
    template <class T>
    void Get(std::optional<T>& value) {
        bool has_value = false;
        Get(has_value);
        value.reset();
        if (has_value) Get(value.emplace());
    }
    template <class T>
    void Get(std::vector<T>& items) {
        items.clear();
        for (uint64_t left = Size(); left > 0; --left) Get(items.emplace_back());
    }
    template <class Key, class Value>
    void Get(std::map<Key, Value>& items) {
        items.clear();
        for (uint64_t left = Size(); left > 0; --left) {
            Key key;
            Get(key);
            Get(items[std::move(key)]);
        }
    }
    template <class... Ts>
    void Get(std::variant<Ts...>& value) {
        GetAlternative(value, Size(), std::index_sequence_for<Ts...>{});
    }
    template <class T>
    requires requires { FieldsOf(Type<T>{}); }
    void Get(T& value) {
        std::apply([&](auto... field) { (Get(value.*field), ...); }, FieldsOf(Type<T>{}));
    }

    void ExpectEnd() const {
        if (!rest_.empty()) Refuse();
    }

private:
    // Both ends are of one build: what does not fit is a bug of ours.
    [[noreturn]] static void Refuse() {
        throw Error(Errc::Internal, "a message between processes could not be read");
    }
    std::string_view Next(uint64_t size) {
        if (size > rest_.size()) Refuse();
        const std::string_view next = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return next;
    }
    // Of a text, or the number of a list's items: each of them takes a byte at least.
    uint64_t Size() {
        uint64_t size = 0;
        Get(size);
        if (size > rest_.size()) Refuse();
        return size;
    }
    template <class Variant, size_t... I>
    void GetAlternative(Variant& value, uint64_t index, std::index_sequence<I...> /*all*/) {
        const bool found = ((index == I && (Get(value.template emplace<I>()), true)) || ...);
        if (!found) Refuse();
    }

    std::string_view rest_;
};

template <class T>
std::string Encode(const T& value) {
    Writer writer;
    writer.Put(value);
    return writer.Take();
}

template <class T>
T Decode(std::string_view bytes) {
    Reader reader(bytes);
    T value;
    reader.Get(value);
    reader.ExpectEnd();
    return value;
}

} // namespace lifeboat::pg::wire
