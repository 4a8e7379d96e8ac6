#include "core/crypto/key.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/crypto/openssl.h"
#include "core/crypto/sha256.h"

namespace lifeboat {
namespace {

constexpr std::string_view kIdPrefix = "pg_lifeboat-key-v1";
constexpr size_t kHexSize = Key::kSize * 2;

[[noreturn]] void ThrowNotAKey(std::string_view what, std::string found) {
    throw Error(Errc::KeyWrong, std::string(what) + " is not a key",
                "Expected 64 hexadecimal characters (32 bytes), found " + std::move(found) + ".",
                "Make one with: openssl rand -hex 32");
}

} // namespace

Key Key::Random() {
    Key key;
    CheckOpenSsl(RAND_priv_bytes(reinterpret_cast<unsigned char*>(key.bytes_.data()), kSize) == 1,
                 "make a random key");
    return key;
}

Key Key::FromBytes(Bytes bytes) {
    if (bytes.size() != kSize) {
        throw Error(Errc::KeyWrong,
                    "a key has 32 bytes, this one has " + std::to_string(bytes.size()));
    }
    Key key;
    std::copy(bytes.begin(), bytes.end(), key.bytes_.begin());
    return key;
}

Key Key::FromHex(std::string_view hex, std::string_view what) {
    if (hex.ends_with('\n')) hex.remove_suffix(1);
    if (hex.size() != kHexSize) ThrowNotAKey(what, std::to_string(hex.size()) + " characters");
    auto bytes = lifeboat::FromHex(hex);
    if (!bytes) ThrowNotAKey(what, "64 characters of which some are not hexadecimal");
    const Key key = FromBytes(*bytes);
    Wipe(*bytes);
    return key;
}

Key::~Key() { Wipe(bytes_); }

std::string Key::Hex() const { return ToHex(bytes_); }

KeyId Key::Id() const {
    Sha256 hash;
    hash.Update(AsBytes(kIdPrefix));
    hash.Update(bytes_);
    const Sha256Digest digest = hash.Final();
    KeyId id;
    std::copy_n(digest.begin(), id.size(), id.begin());
    return id;
}

void Wipe(MutableBytes bytes) noexcept { OPENSSL_cleanse(bytes.data(), bytes.size()); }

void WipeString(std::string& text) noexcept {
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

std::string RandomHex(size_t count) {
    Buffer bytes(count);
    RandomBytes(bytes);
    return ToHex(bytes);
}

void RandomBytes(MutableBytes into) {
    CheckOpenSsl(RAND_bytes(reinterpret_cast<unsigned char*>(into.data()),
                            static_cast<int>(into.size())) == 1,
                 "make random bytes");
}

} // namespace lifeboat
