// Whoever took a backup and remembers its sums needs no signature, and notices every change.
#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/sample_backup.h"

namespace lifeboat {
namespace {

using test::Catch;
using test::Sample;
using test::SampleOptions;

class RememberedSums : public testing::TestWithParam<bool> {
protected:
    RememberedSums() { sample.trust = Remembering(); }

    Trust Remembering() {
        Trust trust = sample.trust;
        trust.allow_untrusted = false;
        trust.sums = Sha256Of(sample.bytes(sums_name));
        return trust;
    }
    void ExpectDamaged(const std::string& message, const std::string& detail) {
        const auto thrown = Catch([&] { sample.Open(); });
        EXPECT_EQ(thrown.code, Errc::Damaged);
        EXPECT_EQ(thrown.message, message);
        EXPECT_EQ(thrown.detail, detail);
    }

    Sample sample{SampleOptions{.with_signature = GetParam()}};
    std::string sums_name = sample.File(kSumsFile);
    std::string signature = sample.File(kSignatureFile);
};
INSTANTIATE_TEST_SUITE_P(, RememberedSums, testing::Bool(),
                         [](const auto& info) { return info.param ? "Signed" : "Unsigned"; });

TEST_P(RememberedSums, AreTrusted) {
    EXPECT_EQ(sample.Open().signature_checked, GetParam());
    sample.trust.signers.clear();
    EXPECT_FALSE(sample.Open().signature_checked);
    sample.trust.sums.reset();
    EXPECT_EQ(Catch([&] { sample.Open(); }).code, Errc::Untrusted);
}

TEST_P(RememberedSums, OthersAreDamage) {
    const std::string remembered = ToHex(*sample.trust.sums);
    std::string manifest = sample.text(sample.File(kManifestFile));
    sample.SetText(sample.File(kManifestFile), manifest + "\n");
    sample.Reseal(); // as one who has the signing key could
    ExpectDamaged(sums_name + " is damaged", "Its SHA-256 is " +
                                                 ToHex(Sha256Of(sample.bytes(sums_name))) +
                                                 ", the backup was taken with " + remembered + ".");
}

TEST_P(RememberedSums, ASignatureThatIsPromisedMustBeThereAndFit) {
    if (!GetParam()) {
        EXPECT_FALSE(sample.manifest.signer);
        return;
    }
    const std::string signer = ToHex(*sample.manifest.signer);
    sample.bytes(signature).back() ^= std::byte{1};
    ExpectDamaged(signature + " is damaged", "It is not by signer " + signer + ".");
    sample.store.objects().erase(signature);
    ExpectDamaged(signature + " is missing", "The manifest names signer " + signer + ".");
}

TEST_P(RememberedSums, AManifestThatDoesNotFitThemIsDamage) {
    sample.SetText(sample.File(kManifestFile), "{}");
    const auto thrown = Catch([&] { sample.Open(); });
    EXPECT_EQ(thrown.code, Errc::Damaged);
    EXPECT_EQ(thrown.message, sample.File(kManifestFile) + " is damaged");
}

} // namespace
} // namespace lifeboat
