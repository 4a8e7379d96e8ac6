// The command line's half of recovery.h: private keys, and OpenSSL's CMS decoder.
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include <cstring>

#include "core/crypto/key_file.h"
#include "core/crypto/openssl.h"
#include "core/crypto/recovery.h"

namespace lifeboat {
namespace {

constexpr int kPassphraseIterations = 1'000'000;
constexpr int kSerialBits = 159;
// RFC 5280: "no well-defined expiration date". The certificate is only a container of a key.
constexpr const char* kNeverExpires = "99991231235959Z";

struct Asking {
    const std::function<std::string()>& passphrase;
    std::exception_ptr failure; // must not fly through OpenSSL's C frames
    bool asked = false;
};

int AskPassphrase(char* into, int size, int /*writing*/, void* user) {
    auto& asking = *static_cast<Asking*>(user);
    asking.asked = true;
    try {
        std::string text = asking.passphrase();
        const bool fits = text.size() <= static_cast<size_t>(size);
        const int length = fits ? static_cast<int>(text.size()) : -1;
        if (fits) std::memcpy(into, text.data(), text.size());
        WipeString(text);
        return length;
    } catch (...) {
        asking.failure = std::current_exception();
        return -1;
    }
}

// One whole CMS AuthEnvelopedData and nothing after it.
OpenSslPtr<CMS_ContentInfo> DecodeKeyFile(Bytes file) {
    const auto bio = ReadBio(file);
    OpenSslPtr<CMS_ContentInfo> cms(d2i_CMS_bio(bio.get(), nullptr));
    std::string reason = TakeOpenSslError();
    if (!cms || BIO_pending(bio.get()) != 0) {
        throw Error(Errc::Damaged, "key file is damaged",
                    cms ? "Bytes follow its end." : std::move(reason));
    }
    if (OBJ_obj2nid(CMS_get0_type(cms.get())) != NID_id_smime_ct_authEnvelopedData) {
        throw Error(Errc::Damaged, "key file is damaged", "It is not CMS AuthEnvelopedData.");
    }
    return cms;
}

void AddExtension(X509* certificate, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const OpenSslPtr<X509_EXTENSION> extension(CheckOpenSsl(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value), "make a certificate extension"));
    CheckOpenSsl(X509_add_ext(certificate, extension.get(), -1) == 1,
                 "add a certificate extension");
}

void SetName(X509* certificate, std::string_view common_name) {
    X509_NAME* name = X509_get_subject_name(certificate);
    const bool ok =
        X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(common_name.data()),
                                   static_cast<int>(common_name.size()), -1, 0) == 1 &&
        X509_set_issuer_name(certificate, name) == 1;
    if (ok) return;
    throw Error(Errc::InvalidValue,
                "\"" + Printable(common_name) + "\" cannot be the common name of a certificate",
                TakeOpenSslError(), "Use at most 64 characters.");
}

void SetSerial(X509* certificate) {
    std::array<std::byte, (kSerialBits + 7) / 8> serial;
    RandomBytes(serial);
    serial[0] =
        (serial[0] & std::byte{0x7F}) | std::byte{0x40}; // positive, and always of one length
    BIGNUM* number = CheckOpenSsl(BN_bin2bn(reinterpret_cast<const unsigned char*>(serial.data()),
                                            static_cast<int>(serial.size()), nullptr),
                                  "make a serial number");
    const bool ok = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
    BN_free(number);
    CheckOpenSsl(ok, "make a serial number");
}

std::string MakeCertificate(EVP_PKEY* key, std::string_view common_name) {
    const OpenSslPtr<X509> owned(CheckOpenSsl(X509_new(), "make a certificate"));
    X509* certificate = owned.get();
    SetName(certificate, common_name);
    SetSerial(certificate);
    const bool ok =
        X509_set_version(certificate, X509_VERSION_3) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != nullptr &&
        ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), kNeverExpires) == 1 &&
        X509_set_pubkey(certificate, key) == 1;
    CheckOpenSsl(ok, "make a certificate");
    AddExtension(certificate, NID_basic_constraints, "critical,CA:FALSE");
    AddExtension(certificate, NID_key_usage, "critical,keyAgreement");
    AddExtension(certificate, NID_subject_key_identifier, "hash");
    CheckOpenSsl(X509_sign(certificate, key, EVP_sha384()) > 0, "sign a certificate");
    const OpenSslPtr<BIO> bio(CheckOpenSsl(BIO_new(BIO_s_mem()), "make a memory buffer"));
    CheckOpenSsl(PEM_write_bio_X509(bio.get(), certificate) == 1, "encode a certificate");
    return std::string(AsText(BioBytes(bio.get())));
}

// OpenSSL's PEM writer would use 2048 iterations.
void WriteEncrypted(BIO* bio, EVP_PKEY* key, std::string_view passphrase) {
    const OpenSslPtr<PKCS8_PRIV_KEY_INFO> plain(
        CheckOpenSsl(EVP_PKEY2PKCS8(key), "encode a private key"));
    OpenSslPtr<X509_ALGOR> method(
        CheckOpenSsl(PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), kPassphraseIterations, nullptr, 0,
                                       nullptr, NID_hmacWithSHA256),
                     "encrypt a private key"));
    const OpenSslPtr<X509_SIG> encrypted(
        CheckOpenSsl(PKCS8_set0_pbe(passphrase.data(), static_cast<int>(passphrase.size()),
                                    plain.get(), method.get()),
                     "encrypt a private key"));
    [[maybe_unused]] X509_ALGOR* taken = method.release(); // it belongs to `encrypted` now
    CheckOpenSsl(PEM_write_bio_PKCS8(bio, encrypted.get()) == 1, "encode a private key");
}

std::string PrivatePem(EVP_PKEY* key, std::string_view passphrase) {
    const auto bio = SecretBio();
    if (passphrase.empty()) {
        CheckOpenSsl(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr,
                                                   nullptr) == 1,
                     "encode a private key");
    } else {
        WriteEncrypted(bio.get(), key, passphrase);
    }
    return std::string(AsText(BioBytes(bio.get())));
}

} // namespace

RecoveryPrivateKey RecoveryPrivateKey::FromPem(std::string_view pem, std::string_view what,
                                               const std::function<std::string()>& passphrase) {
    Asking asking{passphrase, nullptr};
    const auto bio = ReadBio(AsBytes(pem));
    RecoveryPrivateKey recovery;
    recovery.key_.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, AskPassphrase, &asking));
    TakeOpenSslError(); // "bad decrypt" and the like: nothing a person could look up
    if (asking.failure) std::rethrow_exception(asking.failure);
    if (recovery.key_) return recovery;
    if (asking.asked)
        throw Error(Errc::KeyWrong, "the passphrase does not open " + std::string(what), {},
                    "Capitals and blanks count; or it is the passphrase of another key.");
    throw Error(Errc::KeyWrong, std::string(what) + " is not a private key",
                "Expected PEM text that begins with -----BEGIN PRIVATE KEY----- or -----BEGIN "
                "ENCRYPTED PRIVATE KEY-----.");
}

Key RecoveryPrivateKey::Unwrap(Bytes file) const {
    const auto cms = DecodeKeyFile(file);
    const auto plain = SecretBio();
    const bool ok = CMS_decrypt_set1_pkey(cms.get(), key_.get(), nullptr) == 1 &&
                    CMS_decrypt(cms.get(), nullptr, nullptr, nullptr, plain.get(), 0) == 1;
    TakeOpenSslError();
    if (!ok)
        throw Error(Errc::KeyWrong, "the recovery key does not open this key file",
                    "It is not the key of a certificate that the key file was made for.");
    return KeyFromFile(AsText(BioBytes(plain.get())));
}

RecoveryPair MakeRecoveryPair(std::string_view common_name, std::string_view passphrase) {
    const UniquePkey key(CheckOpenSsl(EVP_EC_gen("P-384"), "make a recovery key"));
    return {MakeCertificate(key.get(), common_name), PrivatePem(key.get(), passphrase)};
}

} // namespace lifeboat
