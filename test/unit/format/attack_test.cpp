// What an attacker or a bad disk can do to a store, one test each, and what is said about it.
#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/sample_backup.h"

namespace lifeboat {
namespace {

using test::Catch;
using test::Sample;
using test::SampleOptions;
using test::SampleSigner;

using Problems = std::vector<std::string>;

const std::string kOther = "objects/00/00000000000000000000000000000000";

std::string Hash(const Buffer& bytes) { return ToHex(Sha256Of(bytes)); }

// Opening and verifying must say the same.
void ExpectRefused(Sample& sample, const std::string& message, const std::string& detail) {
    const auto thrown = Catch([&] { sample.Open(); });
    EXPECT_EQ(thrown.code, Errc::Damaged);
    EXPECT_EQ(thrown.message, message);
    EXPECT_EQ(thrown.detail, detail);
    EXPECT_EQ(sample.Verify(VerifyLevel::kPresent).problems, Problems{message + ": " + detail});
}

void Replace(Sample& sample, const std::string& name, const std::string& from,
             const std::string& to) {
    std::string text = sample.text(name);
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    sample.SetText(name, text.replace(at, from.size(), to));
}

class Attack : public testing::TestWithParam<bool> {
protected:
    Sample sample{SampleOptions{.encrypted = GetParam()}};
};
INSTANTIATE_TEST_SUITE_P(, Attack, testing::Bool(),
                         [](const auto& info) { return info.param ? "Encrypted" : "Clear"; });

TEST_P(Attack, NoneIsFoundWhereThereIsNone) {
    EXPECT_TRUE(sample.Open().signature_checked);
    for (const auto level :
         {VerifyLevel::kPresent, VerifyLevel::kChecksum, VerifyLevel::kContent}) {
        std::atomic<uint64_t> done{0};
        const auto report = VerifyBackup(sample.store, sample.id(), sample.trust, &sample.keys,
                                         level, sample.interrupt, &done);
        EXPECT_EQ(report.problems, Problems{}) << VerifyLevelName(level);
        EXPECT_EQ(report.objects, sample.manifest.objects.size() + 1);
        EXPECT_EQ(report.bytes, sample.manifest.totals.total_stored_bytes);
        EXPECT_EQ(done.load(), level == VerifyLevel::kPresent ? 0 : report.bytes);
    }
    const Backup backup = sample.Open();
    EXPECT_EQ(backup.manifest, sample.manifest);
    const auto context = MakeReadContext(backup, &sample.keys, sample.interrupt);
    const auto toc = ReadToc(sample.store, backup, context);
    EXPECT_EQ(toc, sample.source.toc());
    for (size_t i = 0; i + 1 < toc.size(); ++i) {
        StringSink text;
        ReadObject(sample.store, backup.manifest.objects[i], context, text);
        EXPECT_EQ(text.text(), sample.source.content(i)) << i;
    }
}

TEST_P(Attack, FlippedBit) {
    const ObjectRecord& record = sample.data(0);
    Buffer& bytes = sample.bytes(record.name);
    bytes[bytes.size() / 2] ^= std::byte{1};
    const std::string problem = "object " + record.name + " is damaged: Its SHA-256 is " +
                                Hash(bytes) + ", the manifest says " + ToHex(record.sha256) + ".";
    EXPECT_EQ(sample.Verify(VerifyLevel::kPresent).problems, Problems{});
    EXPECT_EQ(sample.Verify(VerifyLevel::kChecksum).problems, Problems{problem});
    EXPECT_EQ(sample.Verify(VerifyLevel::kContent).problems, Problems{problem});
}

TEST_P(Attack, CutObject) {
    const ObjectRecord& record = sample.data(0);
    sample.bytes(record.name).pop_back();
    const std::string problem =
        "object " + record.name + " is damaged: It has " + std::to_string(record.stored_bytes - 1) +
        " bytes, the manifest says " + std::to_string(record.stored_bytes) + ".";
    for (const auto level : {VerifyLevel::kPresent, VerifyLevel::kChecksum, VerifyLevel::kContent})
        EXPECT_EQ(sample.Verify(level).problems, Problems{problem});
}

TEST_P(Attack, ExtendedObject) {
    const ObjectRecord& record = sample.data(0);
    sample.bytes(record.name).push_back(std::byte{0});
    EXPECT_EQ(sample.Verify(VerifyLevel::kContent).problems,
              Problems{"object " + record.name + " is damaged: It is larger than the " +
                       std::to_string(record.stored_bytes) + " bytes the manifest says."});
}

TEST_P(Attack, EverythingWrongIsSaid) {
    const std::string gone = sample.data(1).name;
    sample.store.Remove(gone);
    const std::string second = sample.data(2).name;
    Buffer& bytes = sample.bytes(second);
    bytes[40] ^= std::byte{8};
    sample.SetText(sample.File("notes"), "hello");
    EXPECT_EQ(sample.Verify().problems,
              (Problems{"file " + sample.File("notes") + " does not belong to the backup",
                        "object " + gone +
                            " is missing: The manifest lists it, the store does not have it.",
                        "object " + second + " is damaged: Its SHA-256 is " + Hash(bytes) +
                            ", the manifest says " + ToHex(sample.data(2).sha256) + "."}));
}

TEST_P(Attack, SwappedObjects) {
    const ObjectRecord& a = sample.data(0);
    const ObjectRecord& b = sample.data(1);
    std::swap(sample.bytes(a.name), sample.bytes(b.name));
    const auto report = sample.Verify();
    ASSERT_EQ(report.problems.size(), 2U);
    EXPECT_TRUE(report.problems[0].starts_with("object " + a.name + " is damaged: It "))
        << report.problems[0];
    EXPECT_TRUE(report.problems[1].starts_with("object " + b.name + " is damaged: It "))
        << report.problems[1];
}

// Swapped by one who holds the signing key, and therefore with hashes, sizes and rows that fit: the
// identities do not.
TEST_P(Attack, SwappedObjectsWithManifestAndSumsToFit) {
    Manifest manifest = sample.manifest;
    ObjectRecord& a = manifest.objects[3];
    ObjectRecord& b = manifest.objects[4];
    std::swap(sample.bytes(a.name), sample.bytes(b.name));
    std::swap(a, b);
    std::swap(a.name, b.name);
    std::swap(a.relation, b.relation);
    std::swap(a.blocks, b.blocks);
    sample.SetText(sample.File(kManifestFile), FormatManifest(manifest));
    sample.Reseal();
    const auto report = sample.Verify();
    ASSERT_EQ(report.problems.size(), 3U); // the toc gives other row counts
    EXPECT_EQ(report.problems[1], "object " + a.name + " is damaged: It says that its id is " +
                                      std::string(ObjectIdOf(b.name)) + ", the manifest says " +
                                      std::string(ObjectIdOf(a.name)) + ".");
}

TEST_P(Attack, MissingManifest) {
    sample.store.Remove(sample.File(kManifestFile));
    ExpectRefused(sample, sample.File(kManifestFile) + " is missing",
                  "SHA256SUMS lists it, the store does not have it.");
}

TEST_P(Attack, EditedManifest) {
    const std::string was = Hash(sample.bytes(sample.File(kManifestFile)));
    Replace(sample, sample.File(kManifestFile), "\"timeline\":1", "\"timeline\":2");
    ExpectRefused(sample, sample.File(kManifestFile) + " is damaged",
                  "Its SHA-256 is " + Hash(sample.bytes(sample.File(kManifestFile))) +
                      ", SHA256SUMS says " + was + ".");
}

TEST_P(Attack, EditedSums) {
    Replace(sample, sample.File(kSumsFile), ToHex(sample.data(0).sha256),
            ToHex(sample.data(1).sha256));
    ExpectRefused(sample, sample.File(kSumsFile) + " is damaged",
                  "It is not what signer " + ToHex(SampleSigner().Public().id()) + " has signed.");
}

TEST_P(Attack, EditedSumsOfAnUnsignedBackup) {
    Sample unsigned_sample{SampleOptions{.encrypted = GetParam(), .with_signature = false}};
    const std::string sums = unsigned_sample.File(kSumsFile);
    const std::string name = unsigned_sample.data(0).name;
    Replace(unsigned_sample, sums, ToHex(unsigned_sample.data(0).sha256), std::string(64, '0'));
    ExpectRefused(unsigned_sample, sums + " is damaged",
                  "It says another SHA-256 for " + name + " than the manifest.");
}

TEST_P(Attack, SumsWithALineLess) {
    const ObjectRecord& record = sample.data(0);
    Replace(sample, sample.File(kSumsFile), ToHex(record.sha256) + "  " + record.name + "\n", "");
    sample.Reseal();
    ExpectRefused(sample, sample.File(kSumsFile) + " is damaged",
                  "It does not list " + record.name + ", which the manifest lists.");
}

TEST_P(Attack, SumsWithALineMore) {
    std::vector<SumLine> lines = ParseSums(sample.text(sample.File(kSumsFile)));
    lines.push_back({Sha256Digest{}, kOther});
    sample.SetText(sample.File(kSumsFile), FormatSums(lines));
    sample.Reseal();
    ExpectRefused(sample, sample.File(kSumsFile) + " is damaged",
                  "It lists " + kOther + ", which the manifest does not list.");
}

TEST_P(Attack, ManifestWithAnObjectLess) {
    Manifest manifest = sample.manifest;
    const ObjectRecord dropped = manifest.objects[4];
    manifest.objects.erase(manifest.objects.begin() + 4);
    manifest.totals = ComputeTotals(manifest);
    sample.SetText(sample.File(kManifestFile), FormatManifest(manifest));
    sample.Reseal();
    ExpectRefused(sample, sample.File(kSumsFile) + " is damaged",
                  "It lists " + dropped.name + ", which the manifest does not list.");
    Replace(sample, sample.File(kSumsFile), ToHex(dropped.sha256) + "  " + dropped.name + "\n", "");
    sample.Reseal();
    EXPECT_EQ(sample.Verify().problems,
              Problems{"object " + manifest.toc.name + " is damaged: Its line for " + dropped.name +
                       " is not where the manifest lists that object."});
}

TEST_P(Attack, ManifestOfAnotherBackup) {
    const std::string first = sample.id();
    const Manifest second = sample.source.Take();
    sample.SetText(BackupFile(first, kManifestFile),
                   sample.text(BackupFile(second.backup_id, kManifestFile)));
    sample.Reseal();
    ExpectRefused(sample, BackupFile(first, kManifestFile) + " is damaged",
                  "It is the manifest of backup " + second.backup_id + ".");
}

TEST_P(Attack, WholeFolderUnderAnotherName) {
    const std::string other = "app-20261121T021500Z-full-00000000";
    for (const auto file : {kManifestFile, kSumsFile, kSignatureFile})
        sample.SetText(BackupFile(other, file), sample.text(sample.File(file)));
    sample.manifest.backup_id = other;
    ExpectRefused(sample, BackupFile(other, kSumsFile) + " is damaged",
                  "It does not list " + BackupFile(other, kManifestFile) + ".");
}

TEST_P(Attack, TocInAnotherOrder) {
    std::vector<TocEntry> toc = sample.source.toc();
    std::swap(toc[3], toc[4]);
    NeverInterrupted interrupt;
    Manifest manifest = sample.manifest;
    const auto thrown = Catch([&] {
        CommitBackup(sample.store, manifest, toc,
                     GetParam() ? std::optional(sample.source.run_key()) : std::nullopt, nullptr,
                     interrupt);
    });
    EXPECT_EQ(thrown.code, Errc::Damaged);
    EXPECT_EQ(thrown.detail,
              "Its line for " + toc[3].object + " is not where the manifest lists that object.");
}

TEST_P(Attack, AnotherStoresBackup) {
    Repo repo = ParseRepo(sample.text(kRepoName));
    const std::string was = repo.store_id;
    repo.store_id = std::string(32, '9');
    sample.SetText(std::string(kRepoName), FormatRepo(repo));
    ExpectRefused(sample, sample.File(kManifestFile) + " is damaged",
                  "It belongs to store " + was + ", this is store " + repo.store_id + ".");
    repo.accepted_origins = {was}; // a copy that was declared is one's own
    sample.SetText(std::string(kRepoName), FormatRepo(repo));
    EXPECT_EQ(sample.Verify().problems, Problems{});
}

TEST_P(Attack, AnotherStoresObject) {
    // Same backup, same key, its object replaced by one that says it comes from elsewhere.
    ObjectSpec spec;
    spec.identity.store_id = std::string(32, '9');
    spec.identity.backup_id = sample.id();
    spec.identity.kind = ObjectKind::kGlobals;
    if (GetParam()) spec.run_key = sample.source.run_key();
    Manifest manifest = sample.manifest;
    const ObjectRecord foreign =
        WriteObject(sample.store, spec, AsBytes(sample.source.content(0)), 0);
    ObjectRecord& record = manifest.objects[0];
    sample.bytes(record.name) = sample.bytes(foreign.name);
    record.stored_bytes = foreign.stored_bytes;
    record.sha256 = foreign.sha256;
    manifest.totals = ComputeTotals(manifest);
    sample.SetText(sample.File(kManifestFile), FormatManifest(manifest));
    sample.Reseal();
    EXPECT_EQ(sample.Verify().problems,
              Problems{"object " + record.name + " is damaged: It comes from store " +
                       std::string(32, '9') + ", which this store does not accept."});
}

TEST_P(Attack, RemovedSignature) {
    sample.store.Remove(sample.File(kSignatureFile));
    for (const bool allow : {false, true}) {
        sample.trust.allow_untrusted = allow;
        const auto thrown = Catch([&] { sample.Open(); });
        EXPECT_EQ(thrown.code, Errc::NotFound);
        EXPECT_EQ(thrown.message, "backup \"" + sample.id() + "\" is not complete");
        EXPECT_EQ(thrown.detail, "It has no SHA256SUMS.sig: its run did not finish.");
    }
    EXPECT_TRUE(ListBackups(sample.store, sample.interrupt).empty());
}

TEST_P(Attack, ReplacedSignature) {
    const SignerPrivate mallory = SignerPrivate::Generate();
    sample.store.objects()[sample.File(kSignatureFile)] =
        mallory.Sign(sample.bytes(sample.File(kSumsFile)));
    for (const bool allow : {false, true}) {
        sample.trust.allow_untrusted = allow;
        ExpectRefused(
            sample, sample.File(kSumsFile) + " is damaged",
            "It is not what signer " + ToHex(SampleSigner().Public().id()) + " has signed.");
    }
    sample.store.objects()[sample.File(kSignatureFile)] = Buffer(70);
    EXPECT_EQ(Catch([&] { sample.Open(); }).code, Errc::Damaged);
}

// A whole backup forged by someone with a key pair of their own.
TEST_P(Attack, AnotherSigner) {
    const SignerPrivate mallory = SignerPrivate::Generate();
    sample.trust.signers = {mallory.Public()};
    const auto thrown = Catch([&] { sample.Open(); });
    EXPECT_EQ(thrown.code, Errc::Untrusted);
    EXPECT_EQ(thrown.message, "backup \"" + sample.id() + "\" is not signed by a trusted signer");
    EXPECT_EQ(thrown.detail,
              "The manifest names signer " + ToHex(SampleSigner().Public().id()) + ".");
    EXPECT_EQ(thrown.hint,
              "Restoring it runs its SQL: allow it only if you know where it comes from.");
    EXPECT_EQ(Catch([&] { sample.Verify(); }).code, Errc::Untrusted);
    sample.trust.allow_untrusted = true;
    EXPECT_FALSE(sample.Open().signature_checked);
}

TEST_P(Attack, SignerThatTheManifestDoesNotName) {
    const SignerPrivate second = SignerPrivate::Generate();
    sample.trust.signers = {second.Public()};
    sample.store.objects()[sample.File(kSignatureFile)] =
        second.Sign(sample.bytes(sample.File(kSumsFile)));
    ExpectRefused(sample, sample.File(kManifestFile) + " is damaged",
                  "It does not name the signer of its SHA256SUMS.");
}

// Whoever writes to the store decides how much memory reading it takes, where nobody has signed.
TEST_P(Attack, OfTheUnsignedOnlySoMuchIsRead) {
    Sample unsigned_sample{SampleOptions{.encrypted = GetParam(), .with_signature = false}};
    Trust trust;
    trust.allow_untrusted = true;
    EXPECT_NO_THROW(OpenBackup(unsigned_sample.store, unsigned_sample.id(), trust));
    const uint64_t sums = unsigned_sample.bytes(unsigned_sample.File(kSumsFile)).size();
    trust.most_untrusted = sums;
    const std::string manifest = unsigned_sample.File(kManifestFile);
    const auto open = [](Sample& sample, const Trust& given) {
        return Catch([&] { OpenBackup(sample.store, sample.id(), given); });
    };
    test::Thrown thrown = open(unsigned_sample, trust);
    EXPECT_EQ(thrown.code, Errc::Untrusted);
    EXPECT_EQ(thrown.message, manifest + " has " +
                                  std::to_string(unsigned_sample.bytes(manifest).size()) +
                                  " bytes, and no signature");
    EXPECT_EQ(thrown.detail,
              "Of what nobody vouches for, at most " + std::to_string(sums) + " are read.");
    trust.most_untrusted = sums - 1;
    thrown = open(unsigned_sample, trust);
    EXPECT_TRUE(thrown.message.starts_with(unsigned_sample.File(kSumsFile))) << thrown.message;
    Sample signed_sample{SampleOptions{.encrypted = GetParam()}};
    Trust signers = signed_sample.trust;
    signers.most_untrusted = 1;
    EXPECT_NO_THROW(OpenBackup(signed_sample.store, signed_sample.id(), signers));
}

TEST_P(Attack, UnsignedIsUntrusted) {
    Sample unsigned_sample{SampleOptions{.encrypted = GetParam(), .with_signature = false}};
    EXPECT_FALSE(unsigned_sample.Open().signature_checked);
    unsigned_sample.trust.allow_untrusted = false;
    const auto thrown = Catch([&] { unsigned_sample.Open(); });
    EXPECT_EQ(thrown.code, Errc::Untrusted);
    EXPECT_EQ(thrown.message, "backup \"" + unsigned_sample.id() + "\" is not signed");
    EXPECT_EQ(thrown.detail, "Whoever can write to the store can have made it.");
}

TEST_P(Attack, RolledBackStore) {
    sample.trust.min_sequence = 2;
    ExpectRefused(
        sample, sample.File(kManifestFile) + " is damaged",
        "It has sequence number 1, at least 2 was expected: the store may have been rolled back.");
}

TEST_P(Attack, NoSuchBackup) {
    const auto open = [&](const std::string& id) {
        return Catch([&] { OpenBackup(sample.store, id, sample.trust); });
    };
    const std::string absent = "app-20261121T021500Z-full-00000000";
    EXPECT_EQ(open(absent).code, Errc::NotFound);
    EXPECT_EQ(open(absent).message, "there is no backup \"" + absent + "\" in the store");
    EXPECT_EQ(open("../app").code, Errc::InvalidValue);
    EXPECT_EQ(open("../app").message, "\"../app\" is not a backup id");
    WriteStarted(sample.store, absent, {});
    EXPECT_EQ(open(absent).message, "backup \"" + absent + "\" is not complete");
    EXPECT_EQ(open(absent).detail, "It has no SHA256SUMS: its run did not finish.");
}

// --- keys
// ------------------------------------------------------------------------------------------

TEST(KeyAttack, ClearBackupInAStoreThatRequiresEncryption) {
    Sample sample{SampleOptions{.encrypted = false}};
    Repo repo = ParseRepo(sample.text(kRepoName));
    repo.encryption_required = true;
    sample.SetText(std::string(kRepoName), FormatRepo(repo));
    sample.trust.key_given = true;
    ExpectRefused(sample, sample.File(kManifestFile) + " is damaged",
                  "It says that the backup is not encrypted, but the store requires encryption.");
}

// The stored object is clear, though everything about it says encrypted.
TEST(KeyAttack, ClearObjectInAnEncryptedBackup) {
    Sample sample;
    ObjectSpec spec;
    spec.identity.store_id = sample.manifest.store_id;
    spec.identity.backup_id = sample.id();
    spec.identity.kind = ObjectKind::kGlobals;
    const ObjectRecord clear =
        WriteObject(sample.store, spec, AsBytes("CREATE ROLE mallory SUPERUSER;\n"), 0);
    Manifest manifest = sample.manifest;
    ObjectRecord& record = manifest.objects[0];
    sample.bytes(record.name) = sample.bytes(clear.name);
    record.stored_bytes = clear.stored_bytes;
    record.raw_bytes = clear.raw_bytes;
    record.sha256 = clear.sha256;
    manifest.totals = ComputeTotals(manifest);
    sample.SetText(sample.File(kManifestFile), FormatManifest(manifest));
    sample.Reseal();
    const auto report = sample.Verify();
    ASSERT_EQ(report.problems.size(), 1U);
    EXPECT_TRUE(report.problems[0].starts_with("object " + record.name + " is damaged: "))
        << report.problems[0];

    manifest.objects[0].name =
        clear.name; // or the manifest says so: an encrypted backup has no clear objects
    manifest.objects[0].key_id.reset();
    sample.SetText(sample.File(kManifestFile), FormatManifest(manifest));
    sample.Reseal();
    ExpectRefused(sample, sample.File(kManifestFile) + " is damaged",
                  "Object " + clear.name + " is not encrypted, the backup is encrypted.");
}

TEST(KeyAttack, ContentNeedsAKey) {
    Sample sample;
    const auto thrown = Catch([&] {
        VerifyBackup(sample.store, sample.id(), sample.trust, nullptr, VerifyLevel::kContent,
                     sample.interrupt, nullptr);
    });
    EXPECT_EQ(thrown.code, Errc::KeyMissing);
    EXPECT_EQ(thrown.message,
              "a key is needed to verify the content of backup \"" + sample.id() + "\"");
    EXPECT_EQ(thrown.hint, "Give a key, or verify at level \"checksum\", which needs none.");
    EXPECT_TRUE(VerifyBackup(sample.store, sample.id(), sample.trust, nullptr,
                             VerifyLevel::kChecksum, sample.interrupt, nullptr)
                    .ok());
}

TEST(KeyAttack, MissingKeyFileIsDamage) {
    Sample sample;
    const std::string id = ToHex(sample.manifest.key_ids[0]);
    sample.store.Remove("keys/" + id + ".1.srv");
    sample.store.Remove("keys/" + id + ".1.cms");
    EXPECT_EQ(sample.Verify(VerifyLevel::kChecksum).problems, Problems{});
    EXPECT_EQ(sample.Verify(VerifyLevel::kContent).problems,
              Problems{"the store has no key file for key " + id});
    EXPECT_EQ(sample.Verify(VerifyLevel::kContent).objects, sample.manifest.objects.size() + 1);
}

TEST(KeyAttack, ReplayedKeyFile) {
    Sample sample;
    const std::string id = ToHex(sample.manifest.key_ids[0]);
    const Manifest second = sample.source.Take();
    const std::string other = ToHex(second.key_ids[0]);
    sample.bytes("keys/" + id + ".1.srv") = sample.bytes("keys/" + other + ".1.srv");
    const auto report = sample.Verify();
    ASSERT_EQ(report.problems.size(), sample.manifest.objects.size() + 1);
    EXPECT_EQ(report.problems[0], "object " + sample.manifest.toc.name +
                                      " is damaged: Key file keys/" + id +
                                      ".1.srv is damaged: It holds key " + other + ".");
}

TEST(KeyAttack, WrongSecretPreventsLooking) {
    Sample sample;
    Keyring wrong(sample.store);
    wrong.AddServerSecret(Key::Random());
    EXPECT_EQ(Catch([&] {
                  VerifyBackup(sample.store, sample.id(), sample.trust, &wrong,
                               VerifyLevel::kContent, sample.interrupt, nullptr);
              }).code,
              Errc::KeyWrong);
}

} // namespace
} // namespace lifeboat
