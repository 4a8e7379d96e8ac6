#include "core/crypto/signature.h"

#include <gtest/gtest.h>

#include "core/crypto/openssl.h"
#include "core/crypto/recovery.h"
#include "crypto_test_support.h"

namespace lifeboat {
namespace {

std::string Generate(const std::vector<std::string>& options) {
    std::vector<std::string> arguments{"genpkey"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return RunOpenssl(arguments).out;
}

std::string EcKey(const std::string& curve) {
    return Generate({"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + curve});
}

std::string Openssl(const TempDir& dir, std::string_view input,
                    std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"-in", dir.File("input", input)});
    return RunOpenssl(arguments).out;
}

TEST(Signature, SignsAndVerifies) {
    const SignerPrivate signer = SignerPrivate::Generate();
    const Buffer signature = signer.Sign(AsBytes("message"));
    EXPECT_TRUE(signer.Public().Verify(AsBytes("message"), signature));
    EXPECT_FALSE(signer.Public().Verify(AsBytes("Message"), signature));
    EXPECT_FALSE(signer.Public().Verify(AsBytes("message"), {}));
    EXPECT_FALSE(SignerPrivate::Generate().Public().Verify(AsBytes("message"), signature));
    for (size_t i = 0; i < signature.size(); ++i) {
        Buffer changed = signature;
        changed[i] ^= std::byte{1};
        EXPECT_FALSE(signer.Public().Verify(AsBytes("message"), changed)) << i;
    }
    Buffer longer = signature;
    longer.push_back(std::byte{0});
    EXPECT_FALSE(signer.Public().Verify(AsBytes("message"), longer));
    EXPECT_EQ(TakeOpenSslError(), "") << "the server's own TLS looks at this queue";
}

TEST(Signature, StockOpensslVerifies) {
    const TempDir dir;
    const SignerPrivate signer = SignerPrivate::Generate();
    const Buffer signature = signer.Sign(AsBytes("sums\n"));
    const auto result = RunOpenssl(
        {"dgst", "-sha256", "-verify", dir.File("public", signer.Public().pem()), "-signature",
         dir.File("signature", AsText(signature)), dir.File("sums", "sums\n")});
    EXPECT_EQ(result.code, 0);
    EXPECT_EQ(result.out, "Verified OK\n");
}

TEST(Signature, VerifiesWhatStockOpensslSigned) {
    const TempDir dir;
    const std::string pem = EcKey("P-256");
    const auto result = RunOpenssl(
        {"dgst", "-sha256", "-sign", dir.File("private", pem), dir.File("sums", "sums\n")});
    EXPECT_TRUE(SignerPrivate::FromPem(pem, "signer")
                    .Public()
                    .Verify(AsBytes("sums\n"), AsBytes(result.out)));
}

TEST(Signature, IdIsTheDigestOfTheDerPublicKey) {
    const TempDir dir;
    const SignerPrivate signer = SignerPrivate::Generate();
    const std::string der =
        Openssl(dir, signer.Public().pem(), {"pkey", "-pubin", "-outform", "DER"});
    EXPECT_EQ(der.size(), 91U);
    EXPECT_EQ(signer.Public().id(), Sha256Of(AsBytes(der)));
}

TEST(Signature, EveryEncodingOfAKeyHasOneId) {
    const TempDir dir;
    const SignerPrivate signer = SignerPrivate::Generate();
    const std::string pem = signer.PrivatePem();
    const std::string sec1 = Openssl(dir, pem, {"ec"});
    EXPECT_NE(sec1.find("BEGIN EC PRIVATE KEY"), sec1.npos);
    EXPECT_EQ(SignerPrivate::FromPem(sec1, "signer").Public().id(), signer.Public().id());

    const std::string compressed = Openssl(dir, signer.Public().pem(),
                                           {"ec", "-pubin", "-conv_form", "compressed", "-pubout"});
    ASSERT_NE(compressed, signer.Public().pem());
    const SignerPublic read = SignerPublic::FromPem(compressed, "signer");
    EXPECT_EQ(read.id(), signer.Public().id());
    EXPECT_EQ(read.pem(), signer.Public().pem());

    const auto certificate =
        RunOpenssl({"req", "-x509", "-key", dir.File("key", pem), "-subj", "/CN=signer"});
    EXPECT_EQ(SignerPublic::FromPem(certificate.out, "signer").id(), signer.Public().id());
}

TEST(Signature, RefusesOtherKeys) {
    const TempDir dir;
    const Error p384 = ErrorOf([] { SignerPrivate::FromPem(EcKey("P-384"), "file \"/s\""); });
    EXPECT_EQ(p384.code(), Errc::KeyWrong);
    EXPECT_EQ(p384.message(), "file \"/s\" is not an EC P-256 key");
    EXPECT_EQ(p384.detail(), "It is a key of type EC secp384r1.");
    EXPECT_EQ(p384.hint(),
              "\"lifeboat keygen\" calls it signer.key; or make one with: openssl genpkey "
              "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    const std::string rsa = Generate({"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"});
    EXPECT_EQ(ErrorOf([&] { SignerPrivate::FromPem(rsa, "signer"); }).detail(),
              "It is a key of type RSA of 2048 bits.");
    const std::string rsa_public = Openssl(dir, rsa, {"pkey", "-pubout"});
    EXPECT_EQ(ErrorOf([&] { SignerPublic::FromPem(rsa_public, "signer"); }).message(),
              "signer is not an EC P-256 key");
    const Error text = ErrorOf([] { SignerPublic::FromPem("hello", "signer"); });
    EXPECT_EQ(text.message(), "signer is not a public key");
    EXPECT_EQ(text.detail(), "Expected PEM text that begins with -----BEGIN PUBLIC KEY-----.");
    EXPECT_EQ(text.hint(),
              "\"lifeboat keygen\" calls it signer.pub; the recovery sheet has it, too.");
    const RecoveryPair recovery = MakeRecoveryPair("recovery", "");
    const Error certificate =
        ErrorOf([&] { SignerPublic::FromPem(recovery.certificate_pem, "recovery.crt"); });
    EXPECT_EQ(certificate.message(), "recovery.crt is not an EC P-256 key");
    EXPECT_EQ(certificate.hint(), text.hint()) << "nobody is advised to make another";
    EXPECT_EQ(ErrorOf([] { SignerPrivate::FromPem("", "signer"); }).message(),
              "signer is not a private key");
}

TEST(Signature, RefusesAPassphraseWithoutAsking) {
    const TempDir dir;
    const std::string encrypted =
        Openssl(dir, EcKey("P-256"), {"pkcs8", "-topk8", "-v2", "aes256", "-passout", "pass:x"});
    const Error error = ErrorOf([&] { SignerPrivate::FromPem(encrypted, "signer"); });
    EXPECT_EQ(error.code(), Errc::KeyWrong);
    EXPECT_EQ(error.message(), "signer is encrypted with a passphrase");
    EXPECT_EQ(
        error.hint(),
        "\"lifeboat keygen\" calls the signing key signer.key, which has none; to remove one: "
        "openssl pkey -in FILE -out NEWFILE");
}

TEST(Signature, PrivatePemRoundTrip) {
    const SignerPrivate signer = SignerPrivate::Generate();
    const std::string pem = signer.PrivatePem();
    EXPECT_TRUE(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    EXPECT_EQ(SignerPrivate::FromPem(pem, "signer").Public().id(), signer.Public().id());
}

} // namespace
} // namespace lifeboat
