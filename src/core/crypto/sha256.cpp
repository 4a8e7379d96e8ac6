#include "core/crypto/sha256.h"

#include "core/crypto/openssl.h"

namespace lifeboat {

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(CheckOpenSsl(EVP_MD_CTX_new(), "make a SHA-256 context")) {
    CheckOpenSsl(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1, "start SHA-256");
}

Sha256::~Sha256() = default;

void Sha256::Update(Bytes bytes) {
    CheckOpenSsl(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1,
                 "compute SHA-256");
}

Sha256Digest Sha256::Final() {
    Sha256Digest digest;
    CheckOpenSsl(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()),
                                    nullptr) == 1,
                 "finish SHA-256");
    return digest;
}

Sha256Digest Sha256Of(Bytes bytes) {
    Sha256 hash;
    hash.Update(bytes);
    return hash.Final();
}

} // namespace lifeboat
