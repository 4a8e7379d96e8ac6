// ECDSA P-256 with SHA-256 (DER) over SHA256SUMS: who wrote a backup.
#pragma once

#include <memory>
#include <string>

#include "core/crypto/sha256.h"

struct evp_pkey_st;

namespace lifeboat {

struct FreePkey {
    void operator()(evp_pkey_st* key) const noexcept;
};
using UniquePkey = std::unique_ptr<evp_pkey_st, FreePkey>;

// The public half. Its id is the SHA-256 of the DER SubjectPublicKeyInfo, as the manifest's
// `signer` says it.
class SignerPublic {
public:
    // PEM "PUBLIC KEY" (or a certificate); throws Error(KeyWrong) unless it is EC P-256. `what`
    // names the source in errors.
    static SignerPublic FromPem(std::string_view pem, std::string_view what);
    [[nodiscard]] const Sha256Digest& id() const noexcept { return id_; }
    [[nodiscard]] const std::string& pem() const noexcept { return pem_; }
    [[nodiscard]] bool Verify(Bytes message, Bytes signature) const;

private:
    SignerPublic() = default;
    Sha256Digest id_{};
    std::string pem_; // normalised
};

class SignerPrivate {
public:
    // PKCS#8 or SEC1 PEM without passphrase, EC P-256; throws Error(KeyWrong).
    static SignerPrivate FromPem(std::string_view pem, std::string_view what);
    static SignerPrivate Generate();
    [[nodiscard]] Buffer Sign(Bytes message) const;
    [[nodiscard]] SignerPublic Public() const;
    [[nodiscard]] std::string PrivatePem() const; // PKCS#8; the caller wipes it

private:
    SignerPrivate() = default;
    UniquePkey key_;
};

} // namespace lifeboat
