// The object profile: CMS AuthEnvelopedData (RFC 5083, RFC 5084), AES-256-GCM, one KEKRecipientInfo
// (AES-256 key wrap, RFC 3394), written and read as a fixed byte template over EVP. Stock `openssl
// cms -decrypt -secretkey …` of OpenSSL 3.0 and later reads it. The reader refuses whatever differs
// from the template by one bit; see docs/design/format.md.
#pragma once

#include <functional>
#include <memory>

#include "core/crypto/key.h"
#include "core/io/stream.h"

struct evp_cipher_ctx_st;

namespace lifeboat {

inline constexpr size_t kCmsHeaderSize = 151;
inline constexpr size_t kCmsPieceSize = 262144;

// Encrypts what is written to `next` under a fresh content key that is wrapped with `run_key`.
// Finish() writes the tag and finishes `next`.
class CmsEncryptor final : public Sink {
public:
    CmsEncryptor(Sink& next, const Key& run_key);
    ~CmsEncryptor() override;
    void Write(Bytes bytes) override;
    void Finish() override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

// Finds the run key for the id an object names. Throws Error(KeyMissing).
using KeyLookup = std::function<Key(const KeyId&)>;

// Decrypts. Plain bytes flow into `next` before the tag is checked: they may only be kept after
// Finish(), which throws Error(Damaged) when anything differs from the template, the tag is wrong,
// or bytes follow the end; only then is `next` finished.
class CmsDecryptor final : public Sink {
public:
    CmsDecryptor(Sink& next, KeyLookup lookup);
    ~CmsDecryptor() override;
    void Write(Bytes bytes) override;
    void Finish() override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

// Does this begin like an encrypted object? (first bytes of the template)
bool LooksEncrypted(Bytes head) noexcept;

} // namespace lifeboat
