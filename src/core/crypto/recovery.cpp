#include "core/crypto/recovery.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "core/crypto/cms.h"
#include "core/crypto/key_file.h"
#include "core/crypto/openssl.h"

namespace lifeboat {
namespace {

constexpr int kMinRsaBits = 3072;

std::string GroupOf(const EVP_PKEY* key) {
    char group[64] = "";
    size_t size = 0;
    EVP_PKEY_get_group_name(key, group, sizeof group, &size);
    return group;
}

// "EC P-256", "EC P-384", "RSA 3072", or an error that says what this key is instead.
std::string DescribeKey(const EVP_PKEY* key, std::string_view what) {
    std::string found = EVP_PKEY_get0_type_name(key);
    if (EVP_PKEY_is_a(key, "EC") == 1) {
        const std::string group = GroupOf(key);
        if (group == "prime256v1") return "EC P-256";
        if (group == "secp384r1") return "EC P-384";
        found += " " + group;
    } else if (EVP_PKEY_is_a(key, "RSA") == 1) {
        found += " " + std::to_string(EVP_PKEY_get_bits(key));
        if (EVP_PKEY_get_bits(key) >= kMinRsaBits) return found;
    }
    TakeOpenSslError();
    throw Error(
        Errc::KeyWrong,
        std::string(what) + " has a key of type " + found + ", which cannot be used",
        "A recovery certificate has an EC P-256 or P-384 key, or an RSA key of at least 3072 bits.",
        "Make one with: lifeboat keygen DIR");
}

std::string SubjectOf(const X509* certificate) {
    const OpenSslPtr<BIO> bio(CheckOpenSsl(BIO_new(BIO_s_mem()), "make a memory buffer"));
    X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0,
                       XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ);
    return Printable(AsText(BioBytes(bio.get())));
}

std::string CertificatePem(const X509* certificate) {
    const OpenSslPtr<BIO> bio(CheckOpenSsl(BIO_new(BIO_s_mem()), "make a memory buffer"));
    CheckOpenSsl(PEM_write_bio_X509(bio.get(), const_cast<X509*>(certificate)) == 1,
                 "encode a certificate");
    return std::string(AsText(BioBytes(bio.get())));
}

Sha256Digest FingerprintOf(const X509* certificate) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate, &der);
    CheckOpenSsl(size > 0, "encode a certificate");
    const Sha256Digest digest =
        Sha256Of({reinterpret_cast<const std::byte*>(der), static_cast<size_t>(size)});
    OPENSSL_free(der);
    return digest;
}

// The digest of the key agreement must be named: OpenSSL's default is SHA-1.
void SetAgreement(EVP_PKEY_CTX* context, const EVP_PKEY* key) {
    const EVP_MD* digest = GroupOf(key) == "secp384r1" ? EVP_sha384() : EVP_sha256();
    CheckOpenSsl(EVP_PKEY_CTX_set_ecdh_kdf_md(context, digest) == 1, "choose the key derivation");
}

void SetOaep(EVP_PKEY_CTX* context) {
    const bool ok = EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
                    EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
                    EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1;
    CheckOpenSsl(ok, "choose RSA-OAEP");
}

void AddRecipient(CMS_ContentInfo* cms, const RecoveryCertificate& recipient) {
    CMS_RecipientInfo* info =
        CheckOpenSsl(CMS_add1_recipient_cert(cms, recipient.handle(), CMS_KEY_PARAM),
                     "add a recovery certificate");
    EVP_PKEY_CTX* context =
        CheckOpenSsl(CMS_RecipientInfo_get0_pkey_ctx(info), "set up a recovery certificate");
    const EVP_PKEY* key = X509_get0_pubkey(recipient.handle());
    if (EVP_PKEY_is_a(key, "EC") == 1) {
        SetAgreement(context, key);
    } else {
        SetOaep(context);
    }
}

} // namespace

void RecoveryCertificate::Free::operator()(x509_st* certificate) const noexcept {
    X509_free(certificate);
}

RecoveryCertificate RecoveryCertificate::FromPem(std::string_view pem, std::string_view what) {
    const auto bio = ReadBio(AsBytes(pem));
    RecoveryCertificate certificate;
    certificate.handle_.reset(PEM_read_bio_X509(bio.get(), nullptr, RefusePassphrase, nullptr));
    TakeOpenSslError();
    if (!certificate.handle_) {
        throw Error(Errc::KeyWrong, std::string(what) + " is not a certificate",
                    "Expected PEM text that begins with -----BEGIN CERTIFICATE-----.",
                    "Make one with: lifeboat keygen DIR");
    }
    const X509* handle = certificate.handle_.get();
    const EVP_PKEY* key = X509_get0_pubkey(handle);
    if (key == nullptr) {
        throw Error(Errc::KeyWrong, std::string(what) + " has a public key that cannot be read",
                    TakeOpenSslError());
    }
    const std::string kind = DescribeKey(key, what);
    const std::string subject = SubjectOf(handle);
    certificate.description_ = subject.empty() ? kind : kind + ", " + subject;
    certificate.fingerprint_ = FingerprintOf(handle);
    certificate.pem_ = CertificatePem(handle);
    return certificate;
}

Buffer WrapForRecipients(const Key& run_key, const std::vector<RecoveryCertificate>& recipients) {
    if (recipients.empty())
        throw Error(Errc::KeyMissing, "there is no recovery certificate to encrypt the run key to");
    const OpenSslPtr<CMS_ContentInfo> cms(
        CheckOpenSsl(CMS_AuthEnvelopedData_create(EVP_aes_256_gcm()), "start a key file"));
    for (const auto& recipient : recipients) AddRecipient(cms.get(), recipient);
    CheckOpenSsl(CMS_set_detached(cms.get(), 0) == 1,
                 "start a key file"); // the content goes inside
    const WipedString hex(run_key.Hex());
    const auto content = ReadBio(AsBytes(hex.text()));
    const OpenSslPtr<BIO> der(CheckOpenSsl(BIO_new(BIO_s_mem()), "make a memory buffer"));
    const bool ok = CMS_final(cms.get(), content.get(), nullptr, CMS_BINARY) == 1 &&
                    i2d_CMS_bio(der.get(), cms.get()) == 1;
    CheckOpenSsl(ok, "encrypt the run key to its recovery certificates");
    const Bytes bytes = BioBytes(der.get());
    return {bytes.begin(), bytes.end()};
}

Buffer WrapForServer(const Key& run_key, const Key& server_secret) {
    StringSink file;
    CmsEncryptor encryptor(file, server_secret);
    const WipedString hex(run_key.Hex());
    encryptor.Write(AsBytes(hex.text()));
    encryptor.Finish();
    const Bytes bytes = AsBytes(file.text());
    return {bytes.begin(), bytes.end()};
}

Key UnwrapForServer(Bytes file, const Key& server_secret) {
    const auto lookup = [&server_secret](const KeyId& id) {
        if (server_secret.Id() == id) return server_secret;
        throw Error(Errc::KeyWrong, "the server secret does not open this key file",
                    "It is encrypted to secret " + ToHex(id) + ", the one given is " +
                        ToHex(server_secret.Id()) + ".");
    };
    SecretSink hex(kHexSize);
    CmsDecryptor decryptor(hex, lookup);
    decryptor.Write(file);
    decryptor.Finish();
    return KeyFromFile(hex.text());
}

} // namespace lifeboat
