#include "core/crypto/recovery.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "core/crypto/cms.h"
#include "core/crypto/openssl.h"
#include "crypto_test_support.h"

namespace lifeboat {
namespace {

const Key& RunKey() {
    static const Key key =
        Key::FromHex("6b8f0c3a59d2e7714f10aa93c5b86e2d7f4401d9e8a3b5c6172839405a6b7c8d", "key");
    return key;
}

// A certificate and key made by the stock tool.
struct Custodian {
    std::string certificate;
    std::string private_key;
};

Custodian Make(const std::string& kind) {
    const TempDir dir;
    std::vector<std::string> arguments{"genpkey", "-algorithm"};
    if (kind.starts_with("RSA")) {
        arguments.insert(arguments.end(), {"RSA", "-pkeyopt", "rsa_keygen_bits:" + kind.substr(4)});
    } else if (kind.starts_with("P-")) {
        arguments.insert(arguments.end(), {"EC", "-pkeyopt", "ec_paramgen_curve:" + kind});
    } else {
        arguments.push_back(kind);
    }
    const std::string key = RunOpenssl(arguments).out;
    return {RunOpenssl({"req", "-x509", "-key", dir.File("key", key), "-subj", "/CN=" + kind}).out,
            key};
}

Buffer WrapFor(const std::vector<Custodian>& custodians) {
    std::vector<RecoveryCertificate> recipients;
    for (const auto& one : custodians)
        recipients.push_back(RecoveryCertificate::FromPem(one.certificate, "recipient"));
    return WrapForRecipients(RunKey(), recipients);
}

std::string StockDecrypt(Bytes file, const Custodian& custodian) {
    const TempDir dir;
    const auto result = RunOpenssl({"cms", "-decrypt", "-binary", "-inform", "DER", "-in",
                                    dir.File("file", AsText(file)), "-inkey",
                                    dir.File("key", custodian.private_key)});
    EXPECT_EQ(result.code, 0) << result.err;
    return result.out;
}

std::string OwnDecrypt(Bytes file, const Custodian& custodian) {
    return RecoveryPrivateKey::FromPem(custodian.private_key, "recovery key",
                                       [] { return std::string(); })
        .Unwrap(file)
        .Hex();
}

std::string Parse(Bytes file) {
    const TempDir dir;
    return RunOpenssl({"asn1parse", "-inform", "DER", "-in", dir.File("file", AsText(file))}).out;
}

class RecoveryKinds : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kinds, RecoveryKinds, testing::Values("P-256", "P-384", "RSA-3072"));

TEST_P(RecoveryKinds, StockOpensslAndWeReadIt) {
    const Custodian custodian = Make(GetParam());
    const Buffer file = WrapFor({custodian});
    EXPECT_EQ(StockDecrypt(file, custodian), RunKey().Hex()) << "64 characters and no newline";
    EXPECT_EQ(OwnDecrypt(file, custodian), RunKey().Hex());
}

TEST_P(RecoveryKinds, AnotherKeyDoesNotOpenIt) {
    const Buffer file = WrapFor({Make(GetParam())});
    const Custodian other = Make(GetParam());
    const Error error = ErrorOf([&] { OwnDecrypt(file, other); });
    EXPECT_EQ(error.code(), Errc::KeyWrong);
    EXPECT_EQ(error.message(), "the recovery key does not open this key file");
    EXPECT_EQ(error.detail(), "It is not the key of a certificate that the key file was made for.");
}

TEST(Recovery, SeveralRecipientsEachOpenIt) {
    const std::vector<Custodian> custodians{Make("P-256"), Make("RSA-3072"), Make("P-384"),
                                            Make("RSA-3072"), Make("P-384")};
    const Buffer file = WrapFor(custodians);
    for (const auto& custodian : custodians) {
        EXPECT_EQ(StockDecrypt(file, custodian), RunKey().Hex());
        EXPECT_EQ(OwnDecrypt(file, custodian), RunKey().Hex());
    }
}

TEST(Recovery, AlgorithmsAreThoseOfTheFormat) {
    const std::string p256 = Parse(WrapFor({Make("P-256")}));
    for (const char* name :
         {":id-smime-ct-authEnvelopedData", ":dhSinglePass-stdDH-sha256kdf-scheme",
          ":id-aes256-wrap", ":aes-256-gcm"}) {
        EXPECT_NE(p256.find(name), p256.npos) << name << "\n" << p256;
    }
    const std::string p384 = Parse(WrapFor({Make("P-384")}));
    EXPECT_NE(p384.find(":dhSinglePass-stdDH-sha384kdf-scheme"), p384.npos);
    EXPECT_NE(p384.find(":id-aes256-wrap"), p384.npos);
    const std::string rsa = Parse(WrapFor({Make("RSA-3072")}));
    for (const char* name : {":rsaesOaep", ":sha256", ":mgf1"})
        EXPECT_NE(rsa.find(name), rsa.npos) << name;
    EXPECT_EQ(rsa.find(":rsaEncryption"), rsa.npos);
    EXPECT_EQ(rsa.find(":sha1"), rsa.npos);
}

TEST(Recovery, NoRecipient) {
    EXPECT_EQ(ErrorOf([] { WrapForRecipients(RunKey(), {}); }).code(), Errc::KeyMissing);
}

TEST(Recovery, CertificateSaysWhatItIs) {
    const Custodian custodian = Make("P-384");
    const auto certificate = RecoveryCertificate::FromPem(custodian.certificate, "recipient");
    EXPECT_EQ(certificate.description(), "EC P-384, CN=P-384");
    EXPECT_EQ(certificate.pem(), custodian.certificate);
    const TempDir dir;
    const auto der = RunOpenssl(
        {"x509", "-outform", "DER", "-in", dir.File("certificate", custodian.certificate)});
    EXPECT_EQ(certificate.fingerprint(), Sha256Of(AsBytes(der.out)));
}

TEST(Recovery, OnlyTheCertificateIsKept) {
    const Custodian custodian = Make("P-256");
    const auto certificate =
        RecoveryCertificate::FromPem(custodian.private_key + custodian.certificate, "recipient");
    EXPECT_EQ(certificate.pem(), custodian.certificate);
}

// The same certificate with an end in the past (its signature no longer fits: nobody looks).
std::string Expired(const std::string& pem) {
    const auto bio = ReadBio(AsBytes(pem));
    const OpenSslPtr<X509> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate.get()), "20010101000000Z");
    i2d_re_X509_tbs(certificate.get(), nullptr); // forget the encoding that was read
    const OpenSslPtr<BIO> out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), certificate.get());
    return std::string(AsText(BioBytes(out.get())));
}

TEST(Recovery, ExpiryIsIgnored) {
    Custodian custodian = Make("P-256");
    custodian.certificate = Expired(custodian.certificate);
    const TempDir dir;
    const auto dates = RunOpenssl(
        {"x509", "-noout", "-enddate", "-in", dir.File("certificate", custodian.certificate)});
    ASSERT_EQ(dates.out, "notAfter=Jan  1 00:00:00 2001 GMT\n");
    EXPECT_EQ(StockDecrypt(WrapFor({custodian}), custodian), RunKey().Hex());
    EXPECT_EQ(OwnDecrypt(WrapFor({custodian}), custodian), RunKey().Hex());
}

TEST(Recovery, RefusesCertificatesThatCannotBeUsed) {
    const auto refusal = [](const std::string& kind) {
        return ErrorOf(
            [&] { RecoveryCertificate::FromPem(Make(kind).certificate, "recipient 1"); });
    };
    const Error rsa = refusal("RSA-2048");
    EXPECT_EQ(rsa.code(), Errc::KeyWrong);
    EXPECT_EQ(rsa.message(), "recipient 1 has a key of type RSA 2048, which cannot be used");
    EXPECT_EQ(rsa.detail(),
              "A recovery certificate has an EC P-256 or P-384 key, or an RSA key of at least 3072 "
              "bits.");
    EXPECT_EQ(rsa.hint(), "Make one with: lifeboat keygen DIR");
    EXPECT_EQ(refusal("ED25519").message(),
              "recipient 1 has a key of type ED25519, which cannot be used");
    EXPECT_EQ(refusal("P-521").message(),
              "recipient 1 has a key of type EC secp521r1, which cannot be used");
    const Error text = ErrorOf([] { RecoveryCertificate::FromPem("hello", "recipient 1"); });
    EXPECT_EQ(text.message(), "recipient 1 is not a certificate");
    EXPECT_EQ(text.detail(), "Expected PEM text that begins with -----BEGIN CERTIFICATE-----.");
}

TEST(Recovery, DamagedFileIsRefused) {
    const Custodian custodian = Make("P-256");
    Buffer file = WrapFor({custodian});
    file.push_back(std::byte{0});
    Error error = ErrorOf([&] { OwnDecrypt(file, custodian); });
    EXPECT_EQ(error.code(), Errc::Damaged);
    EXPECT_EQ(error.message(), "key file is damaged");
    EXPECT_EQ(error.detail(), "Bytes follow its end.");
    file.erase(file.end() - 10, file.end());
    EXPECT_EQ(ErrorOf([&] { OwnDecrypt(file, custodian); }).code(), Errc::Damaged);
    EXPECT_EQ(ErrorOf([&] { OwnDecrypt({}, custodian); }).code(), Errc::Damaged);
}

TEST(Recovery, OtherContentTypesAreRefused) {
    const TempDir dir;
    const Custodian custodian = Make("P-256");
    const auto enveloped = RunOpenssl({"cms", "-encrypt", "-binary", "-aes256", "-outform", "DER",
                                       "-in", dir.File("text", RunKey().Hex()),
                                       dir.File("certificate", custodian.certificate)});
    ASSERT_EQ(enveloped.code, 0) << enveloped.err;
    EXPECT_EQ(ErrorOf([&] { OwnDecrypt(AsBytes(enveloped.out), custodian); }).detail(),
              "It is not CMS AuthEnvelopedData.");
}

// No flipped bit may give another key: refused, or (where CMS does not look) the same key.
TEST(Recovery, FlippedBitsNeverGiveAnotherKey) {
    const Custodian custodian = Make("P-256");
    const Buffer file = WrapFor({custodian});
    const auto key =
        RecoveryPrivateKey::FromPem(custodian.private_key, "key", [] { return std::string(); });
    for (size_t i = 0; i < file.size(); ++i) {
        Buffer changed = file;
        changed[i] ^= std::byte{0x10};
        try {
            EXPECT_EQ(key.Unwrap(changed).Hex(), RunKey().Hex()) << i;
        } catch (const Error& error) {
            EXPECT_TRUE(error.code() == Errc::Damaged || error.code() == Errc::KeyWrong)
                << error.message();
        }
    }
}

TEST(Recovery, ServerFileIsTheObjectProfile) {
    const Key secret = Key::Random();
    const Buffer file = WrapForServer(RunKey(), secret);
    EXPECT_EQ(file.size(), kCmsHeaderSize + 2 + 64 + 28);
    EXPECT_TRUE(LooksEncrypted(file));
    EXPECT_EQ(UnwrapForServer(file, secret).Hex(), RunKey().Hex());
    const TempDir dir;
    const auto result = RunOpenssl({"cms", "-decrypt", "-binary", "-inform", "DER", "-in",
                                    dir.File("file", AsText(file)), "-secretkey", secret.Hex(),
                                    "-secretkeyid", ToHex(secret.Id())});
    EXPECT_EQ(result.out, RunKey().Hex());
}

TEST(Recovery, ServerFileAndAnotherSecret) {
    const Key secret = Key::Random();
    const Key other = Key::Random();
    const Buffer file = WrapForServer(RunKey(), secret);
    const Error error = ErrorOf([&] { UnwrapForServer(file, other); });
    EXPECT_EQ(error.code(), Errc::KeyWrong);
    EXPECT_EQ(error.message(), "the server secret does not open this key file");
    EXPECT_EQ(error.detail(), "It is encrypted to secret " + ToHex(secret.Id()) +
                                  ", the one given is " + ToHex(other.Id()) + ".");
    Buffer damaged = file;
    damaged[160] ^= std::byte{1};
    EXPECT_EQ(ErrorOf([&] { UnwrapForServer(damaged, secret); }).code(), Errc::Damaged);
}

TEST(Recovery, ServerFileThatHoldsSomethingElse) {
    const Key secret = Key::Random();
    const auto file_of = [&](std::string_view content) {
        StringSink file;
        CmsEncryptor encryptor(file, secret);
        encryptor.Write(AsBytes(content));
        encryptor.Finish();
        return file.Take();
    };
    const std::string text = file_of("no key");
    const Error error = ErrorOf([&] { UnwrapForServer(AsBytes(text), secret); });
    EXPECT_EQ(error.code(), Errc::Damaged);
    EXPECT_EQ(error.message(), "key file does not hold a key");
    const std::string long_text = file_of(std::string(100, 'a'));
    EXPECT_EQ(ErrorOf([&] { UnwrapForServer(AsBytes(long_text), secret); }).code(), Errc::Damaged);
}

TEST(Recovery, MadePairWorks) {
    const RecoveryPair pair = MakeRecoveryPair("lifeboat recovery", "");
    EXPECT_TRUE(pair.private_pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    EXPECT_EQ(RecoveryCertificate::FromPem(pair.certificate_pem, "recipient").description(),
              "EC P-384, CN=lifeboat recovery");
    const Custodian custodian{pair.certificate_pem, pair.private_pem};
    const Buffer file = WrapFor({custodian});
    EXPECT_EQ(StockDecrypt(file, custodian), RunKey().Hex());
    EXPECT_EQ(OwnDecrypt(file, custodian), RunKey().Hex());
    const TempDir dir;
    const auto text = RunOpenssl(
        {"x509", "-noout", "-text", "-in", dir.File("certificate", pair.certificate_pem)});
    EXPECT_NE(text.out.find("Not After : Dec 31 23:59:59 9999 GMT"), text.out.npos) << text.out;
    EXPECT_NE(text.out.find("Key Agreement"), text.out.npos);
    EXPECT_NE(text.out.find("CA:FALSE"), text.out.npos);
}

TEST(Recovery, MadePairWithPassphrase) {
    const RecoveryPair pair = MakeRecoveryPair("lifeboat recovery", "correct horse");
    EXPECT_TRUE(pair.private_pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    const Buffer file = WrapFor({{pair.certificate_pem, {}}});
    int asked = 0;
    const auto key = RecoveryPrivateKey::FromPem(pair.private_pem, "key", [&] {
        ++asked;
        return std::string("correct horse");
    });
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(key.Unwrap(file).Hex(), RunKey().Hex());
    const Error wrong = ErrorOf([&] {
        RecoveryPrivateKey::FromPem(pair.private_pem, "file \"/r\"",
                                    [] { return std::string("no"); });
    });
    EXPECT_EQ(wrong.code(), Errc::KeyWrong);
    EXPECT_EQ(wrong.message(), "the passphrase does not open file \"/r\"");
    EXPECT_EQ(wrong.detail(), "");
    EXPECT_EQ(wrong.hint(), "Capitals and blanks count; or it is the passphrase of another key.");
    EXPECT_EQ(ErrorOf([&] {
                  RecoveryPrivateKey::FromPem(pair.private_pem, "key", []() -> std::string {
                      throw Error(Errc::KeyMissing, "no terminal to ask for a passphrase");
                  });
              }).message(),
              "no terminal to ask for a passphrase");
    const TempDir dir;
    const auto parsed = RunOpenssl({"asn1parse", "-in", dir.File("key", pair.private_pem)});
    for (const char* name :
         {":PBKDF2", ":hmacWithSHA256", ":aes-256-cbc", ":0F4240" /* 1,000,000 */}) {
        EXPECT_NE(parsed.out.find(name), parsed.out.npos) << name << "\n" << parsed.out;
    }
}

TEST(Recovery, PrivateKeyThatIsNone) {
    const Error error = ErrorOf(
        [] { RecoveryPrivateKey::FromPem("hello", "file \"/r\"", [] { return std::string(); }); });
    EXPECT_EQ(error.code(), Errc::KeyWrong);
    EXPECT_EQ(error.message(), "file \"/r\" is not a private key");
}

TEST(Recovery, CommonNameThatIsTooLong) {
    const Error error = ErrorOf([] { MakeRecoveryPair(std::string(65, 'x'), ""); });
    EXPECT_EQ(error.code(), Errc::InvalidValue);
    EXPECT_EQ(error.hint(), "Use at most 64 characters.");
}

} // namespace
} // namespace lifeboat
