#include "core/crypto/hmac.h"

#include <openssl/hmac.h>

#include "core/crypto/openssl.h"

namespace lifeboat {

Sha256Digest HmacSha256(Bytes key, Bytes text) {
    Sha256Digest digest;
    unsigned size = 0;
    CheckOpenSsl(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                      reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                      reinterpret_cast<unsigned char*>(digest.data()), &size) != nullptr &&
                     size == digest.size(),
                 "compute HMAC-SHA-256");
    return digest;
}

} // namespace lifeboat
