#include "core/crypto/signature.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>

#include <algorithm>

#include "core/crypto/key.h"
#include "core/crypto/openssl.h"

namespace lifeboat {
namespace {

constexpr std::string_view kGroup = "prime256v1";
// What every DER SubjectPublicKeyInfo of a P-256 key begins with, in the one form that is accepted:
// named curve, uncompressed point.
constexpr std::string_view kSpkiPrefixHex =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
constexpr size_t kSpkiSize = 91;
constexpr std::string_view kPrivateHint =
    "\"lifeboat keygen\" calls it signer.key; or make one with: openssl genpkey -algorithm EC "
    "-pkeyopt ec_paramgen_curve:P-256";
constexpr std::string_view kPublicHint =
    "\"lifeboat keygen\" calls it signer.pub; the recovery sheet has it, too.";

std::string KindOf(const EVP_PKEY* key) {
    char group[64] = "";
    size_t size = 0;
    const char* type = EVP_PKEY_get0_type_name(key);
    if (EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1)
        return std::string("EC ") + group;
    return std::string(type != nullptr ? type : "unknown") + " of " +
           std::to_string(EVP_PKEY_get_bits(key)) + " bits";
}

void RequireP256(EVP_PKEY* key, std::string_view what, std::string_view hint) {
    const std::string kind = KindOf(key);
    TakeOpenSslError();
    if (EVP_PKEY_is_a(key, "EC") == 1 && kind == "EC " + std::string(kGroup)) return;
    throw Error(Errc::KeyWrong, std::string(what) + " is not an EC P-256 key",
                "It is a key of type " + kind + ".", std::string(hint));
}

Buffer SpkiDer(EVP_PKEY* key) {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key, &der);
    CheckOpenSsl(size > 0, "encode a public key");
    const auto* begin = reinterpret_cast<const std::byte*>(der);
    Buffer bytes(begin, begin + size);
    OPENSSL_free(der);
    return bytes;
}

// One key has one encoding, so that it has one id.
Buffer CanonicalSpki(EVP_PKEY* key, std::string_view what, std::string_view hint) {
    EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                   OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED);
    EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_GROUP);
    Buffer der = SpkiDer(key);
    TakeOpenSslError();
    if (der.size() != kSpkiSize || !ToHex(der).starts_with(kSpkiPrefixHex)) {
        throw Error(Errc::KeyWrong,
                    std::string(what) + " is not an EC P-256 key with a named curve", {},
                    std::string(hint));
    }
    return der;
}

UniquePkey ReadPublic(std::string_view pem) {
    const auto bio = ReadBio(AsBytes(pem));
    UniquePkey key(PEM_read_bio_PUBKEY(bio.get(), nullptr, RefusePassphrase, nullptr));
    if (key) return key;
    const auto again = ReadBio(AsBytes(pem));
    const OpenSslPtr<X509> certificate(
        PEM_read_bio_X509(again.get(), nullptr, RefusePassphrase, nullptr));
    if (certificate) key.reset(X509_get_pubkey(certificate.get()));
    TakeOpenSslError();
    return key;
}

std::string PublicPem(EVP_PKEY* key) {
    const OpenSslPtr<BIO> bio(CheckOpenSsl(BIO_new(BIO_s_mem()), "make a memory buffer"));
    CheckOpenSsl(PEM_write_bio_PUBKEY(bio.get(), key) == 1, "encode a public key");
    return std::string(AsText(BioBytes(bio.get())));
}

OpenSslPtr<EVP_MD_CTX> DigestContext() {
    return OpenSslPtr<EVP_MD_CTX>(CheckOpenSsl(EVP_MD_CTX_new(), "make a signature context"));
}

const unsigned char* Raw(Bytes bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

} // namespace

void FreePkey::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }

SignerPublic SignerPublic::FromPem(std::string_view pem, std::string_view what) {
    const UniquePkey key = ReadPublic(pem);
    if (!key) {
        throw Error(Errc::KeyWrong, std::string(what) + " is not a public key",
                    "Expected PEM text that begins with -----BEGIN PUBLIC KEY-----.",
                    std::string(kPublicHint));
    }
    RequireP256(key.get(), what, kPublicHint);
    SignerPublic signer;
    signer.id_ = Sha256Of(CanonicalSpki(key.get(), what, kPublicHint));
    signer.pem_ = PublicPem(key.get());
    return signer;
}

bool SignerPublic::Verify(Bytes message, Bytes signature) const {
    const UniquePkey key = ReadPublic(pem_);
    CheckOpenSsl(key != nullptr, "read a public key");
    const auto context = DigestContext();
    CheckOpenSsl(
        EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1,
        "start checking a signature");
    const int valid = EVP_DigestVerify(context.get(), Raw(signature), signature.size(),
                                       Raw(message), message.size());
    TakeOpenSslError(); // a signature that is not even DER leaves its reason there
    return valid == 1;
}

SignerPrivate SignerPrivate::FromPem(std::string_view pem, std::string_view what) {
    bool encrypted = false;
    const auto bio = ReadBio(AsBytes(pem));
    SignerPrivate signer;
    signer.key_.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, RefusePassphrase, &encrypted));
    TakeOpenSslError();
    if (encrypted) {
        throw Error(
            Errc::KeyWrong, std::string(what) + " is encrypted with a passphrase",
            "A signing key is used without a person at hand, so it must not have one.",
            "\"lifeboat keygen\" calls the signing key signer.key, which has none; to remove "
            "one: openssl pkey -in FILE -out NEWFILE");
    }
    if (!signer.key_) {
        throw Error(Errc::KeyWrong, std::string(what) + " is not a private key",
                    "Expected PEM text that begins with -----BEGIN PRIVATE KEY-----.",
                    std::string(kPrivateHint));
    }
    RequireP256(signer.key_.get(), what, kPrivateHint);
    CanonicalSpki(signer.key_.get(), what, kPrivateHint);
    return signer;
}

SignerPrivate SignerPrivate::Generate() {
    SignerPrivate signer;
    signer.key_.reset(CheckOpenSsl(EVP_EC_gen("P-256"), "make a signing key"));
    return signer;
}

Buffer SignerPrivate::Sign(Bytes message) const {
    const auto context = DigestContext();
    CheckOpenSsl(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1,
                 "start signing");
    size_t size = 0;
    CheckOpenSsl(EVP_DigestSign(context.get(), nullptr, &size, Raw(message), message.size()) == 1,
                 "sign");
    Buffer signature(size);
    CheckOpenSsl(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                                &size, Raw(message), message.size()) == 1,
                 "sign");
    signature.resize(size);
    return signature;
}

SignerPublic SignerPrivate::Public() const {
    return SignerPublic::FromPem(PublicPem(key_.get()), "the signing key");
}

std::string SignerPrivate::PrivatePem() const {
    const auto bio = SecretBio();
    CheckOpenSsl(PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr,
                                               nullptr) == 1,
                 "encode a signing key");
    return std::string(AsText(BioBytes(bio.get())));
}

} // namespace lifeboat
