// Owners for OpenSSL's objects, and its error queue as text. Private to src/core/crypto.
//
// Ciphers and digests are named by EVP_aes_256_gcm() and friends, which fetch implicitly: a
// microsecond per object, and no state of ours that OpenSSL's exit handler could free under our
// feet.
#pragma once

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/error.h"

namespace lifeboat {

struct OpenSslFree {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    void operator()(BIO* bio) const noexcept { BIO_free_all(bio); }
    void operator()(CMS_ContentInfo* cms) const noexcept { CMS_ContentInfo_free(cms); }
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
    void operator()(X509_EXTENSION* extension) const noexcept { X509_EXTENSION_free(extension); }
    void operator()(PKCS8_PRIV_KEY_INFO* key) const noexcept { PKCS8_PRIV_KEY_INFO_free(key); }
    void operator()(X509_ALGOR* algorithm) const noexcept { X509_ALGOR_free(algorithm); }
    void operator()(X509_SIG* encrypted) const noexcept { X509_SIG_free(encrypted); }
};
template <typename T>
using OpenSslPtr = std::unique_ptr<T, OpenSslFree>;

// The oldest error of this thread's queue as text ("" if none); the queue is empty afterwards, as
// the server's own TLS expects.
std::string TakeOpenSslError();
// Error(Internal): a call failed that has no reason to.
[[noreturn]] void ThrowOpenSsl(std::string_view doing);

inline void CheckOpenSsl(bool ok, std::string_view doing) {
    if (!ok) ThrowOpenSsl(doing);
}
template <typename T>
T* CheckOpenSsl(T* pointer, std::string_view doing) {
    if (pointer == nullptr) ThrowOpenSsl(doing);
    return pointer;
}

// Borrows the bytes. At most 2 GiB.
OpenSslPtr<BIO> ReadBio(Bytes bytes);
// Its memory is wiped when it is freed.
OpenSslPtr<BIO> SecretBio();
// What was written to a memory BIO; lives as long as the BIO.
Bytes BioBytes(BIO* bio);

// As in headers of HTTP (RFC 4648), with padding.
std::string Base64(Bytes bytes);
// nullopt when it is none.
std::optional<Buffer> FromBase64(std::string_view text);

// For PEM readers: never ask on the terminal. `user` may be null or a `bool` that is set when a
// passphrase was wanted.
int RefusePassphrase(char* into, int size, int writing, void* user);

} // namespace lifeboat
