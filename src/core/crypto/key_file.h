// What a key file holds inside, whoever it is encrypted to: 64 hexadecimal characters. Private to
// src/core/crypto.
#pragma once

#include "core/base/error.h"
#include "core/crypto/key.h"
#include "core/crypto/secret_sink.h"

namespace lifeboat {

inline constexpr size_t kHexSize = Key::kSize * 2;

// The file was opened and is authentic, so anything else in it is a damaged file and no wrong key.
inline Key KeyFromFile(std::string_view hex) {
    try {
        return Key::FromHex(hex, "its content");
    } catch (const Error& error) {
        throw Error(Errc::Damaged, "key file does not hold a key", error.detail());
    }
}

} // namespace lifeboat
