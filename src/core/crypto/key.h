// Symmetric keys: 32 random bytes that are wiped when they go, and the id that names them.
#pragma once

#include "core/base/bytes.h"

namespace lifeboat {

using KeyId = std::array<std::byte, 16>;

class Key {
public:
    static constexpr size_t kSize = 32;

    // From the private random generator (RAND_priv_bytes).
    static Key Random();
    // Exactly 32 bytes; throws Error(KeyWrong) otherwise. The caller wipes its own copy.
    static Key FromBytes(Bytes bytes);
    // 64 hexadecimal characters, one trailing newline allowed; throws Error(KeyWrong) naming
    // `what`.
    static Key FromHex(std::string_view hex, std::string_view what);

    Key(const Key& other) noexcept = default;
    Key& operator=(const Key& other) noexcept = default;
    ~Key();

    [[nodiscard]] Bytes bytes() const noexcept { return bytes_; }
    // 64 lower-case characters; the caller wipes the string (WipeString).
    [[nodiscard]] std::string Hex() const;
    // First 16 bytes of SHA-256("pg_lifeboat-key-v1" || key): a swapped key is noticed.
    [[nodiscard]] KeyId Id() const;

private:
    Key() = default;
    std::array<std::byte, kSize> bytes_{};
};

void Wipe(MutableBytes bytes) noexcept;
void WipeString(std::string& text) noexcept;

// Text that is wiped when it goes, however that comes about.
class WipedString {
public:
    explicit WipedString(std::string text) noexcept : text_(std::move(text)) {}
    WipedString(const WipedString&) = delete;
    WipedString& operator=(const WipedString&) = delete;
    ~WipedString() { WipeString(text_); }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

// `count` random bytes as lower-case hex (public random: names, nonces).
std::string RandomHex(size_t count);
void RandomBytes(MutableBytes into);

} // namespace lifeboat
