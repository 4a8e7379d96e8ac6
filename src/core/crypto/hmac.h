// HMAC-SHA-256 (RFC 2104) over OpenSSL.
#pragma once

#include "core/crypto/sha256.h"

namespace lifeboat {

Sha256Digest HmacSha256(Bytes key, Bytes text);

} // namespace lifeboat
