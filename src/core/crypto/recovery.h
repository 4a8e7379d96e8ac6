// Recovery certificates and the key files they open: the run key as 64 hexadecimal characters in
// CMS AuthEnvelopedData, written with OpenSSL's CMS API. Encrypting runs in the server; decrypting
// (OpenSSL's CMS decoder) only in the command line.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/crypto/key.h"
#include "core/crypto/sha256.h"
#include "core/crypto/signature.h"

struct x509_st;

namespace lifeboat {

class RecoveryCertificate {
public:
    // EC P-256/P-384, or RSA of at least 3072 bits; throws Error(KeyWrong) that says what is wrong
    // with this one. Expiry is ignored.
    static RecoveryCertificate FromPem(std::string_view pem, std::string_view what);
    // SHA-256 of the DER certificate.
    [[nodiscard]] const Sha256Digest& fingerprint() const noexcept { return fingerprint_; }
    [[nodiscard]] const std::string& pem() const noexcept { return pem_; }
    [[nodiscard]] const std::string& description() const noexcept {
        return description_;
    } // "EC P-256, CN=..."
    [[nodiscard]] x509_st* handle() const noexcept { return handle_.get(); }

private:
    struct Free {
        void operator()(x509_st* certificate) const noexcept;
    };
    RecoveryCertificate() = default;
    std::unique_ptr<x509_st, Free> handle_;
    Sha256Digest fingerprint_{};
    std::string pem_;
    std::string description_;
};

// The content of keys/<key_id>.<n>.cms (DER).
Buffer WrapForRecipients(const Key& run_key, const std::vector<RecoveryCertificate>& recipients);

// The content of keys/<key_id>.<n>.srv: the same 64 characters in the object profile (cms.h) under
// the server secret.
Buffer WrapForServer(const Key& run_key, const Key& server_secret);
// Throws Error(KeyWrong) when the secret is another one, Error(Damaged) when the file is damaged.
Key UnwrapForServer(Bytes file, const Key& server_secret);

// Command line only. Passphrase empty: none. Throws Error(KeyWrong).
class RecoveryPrivateKey {
public:
    // `passphrase` is asked for only when the PEM is encrypted; it may throw Error(KeyMissing).
    static RecoveryPrivateKey FromPem(std::string_view pem, std::string_view what,
                                      const std::function<std::string()>& passphrase);
    [[nodiscard]] Key Unwrap(Bytes file) const;

private:
    RecoveryPrivateKey() = default;
    UniquePkey key_;
};

// A fresh self-signed P-384 recovery certificate and its private key (PKCS#8 PEM, encrypted with
// PBKDF2-SHA256 when a passphrase is given).
struct RecoveryPair {
    std::string certificate_pem;
    std::string private_pem;
};
RecoveryPair MakeRecoveryPair(std::string_view common_name, std::string_view passphrase);

} // namespace lifeboat
