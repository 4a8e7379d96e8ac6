// What was written once must be readable forever: with this code, and with stock openssl, sha256sum
// and zstd.
#include <gtest/gtest.h>

#include <cstdio>

#include "core/format/backup_files.h"
#include "core/store/dir_store.h"
#include "golden.h"

namespace lifeboat::test {
namespace {

// What a command prints; its exit status must be 0.
std::string Shell(const std::string& command) {
    FILE* pipe = popen(command.c_str(), "r"); // NOLINT(cert-env33-c): commands of this test
    std::string output;
    char piece[65536];
    while (const size_t got = fread(piece, 1, sizeof(piece), pipe)) output.append(piece, got);
    EXPECT_EQ(pclose(pipe), 0) << command;
    return output;
}

class Golden : public testing::TestWithParam<GoldenStore> {
protected:
    Golden() {
        const auto backups = ListBackups(store_, interrupt_);
        EXPECT_EQ(backups.size(), 1U);
        id_ = backups.at(0).backup_id;
        EXPECT_EQ(ReadManifestHead(store_, id_).compression.Print(), GetParam().compression);
        encrypted_ = backups[0].manifest->encrypted;
        EXPECT_EQ(encrypted_, GetParam().encrypted);
        if (encrypted_)
            trust_.signers.push_back(
                SignerPublic::FromPem(GoldenText("keys/signer.pub"), "golden"));
        trust_.allow_untrusted = !encrypted_;
        trust_.key_given = encrypted_;
    }
    // 0: nobody, 1: the server, 2: who has the recovery key.
    void GiveKey(Keyring& keys, int who) {
        if (who == 1)
            keys.AddServerSecret(Key::FromHex(GoldenText("keys/server.secret"), "golden"));
        if (who == 2) {
            keys.AddRecoveryKey(std::make_unique<RecoveryPrivateKey>(RecoveryPrivateKey::FromPem(
                GoldenText("keys/recovery.key"), "golden", [] { return std::string(); })));
        }
    }
    // All objects in the toc's order, with what they must hold.
    static std::vector<std::pair<ObjectKind, std::string>> Expected() {
        std::vector<std::pair<ObjectKind, std::string>> expected = {
            {ObjectKind::kGlobals, kGoldenGlobals},
            {ObjectKind::kDatabase, kGoldenDatabase},
            {ObjectKind::kSchema, GoldenText("source/schema.dump")}};
        for (const GoldenTable& table : GoldenTables())
            for (const auto& object : table.objects)
                expected.emplace_back(ObjectKind::kData, GoldenRows(object.file));
        expected.emplace_back(ObjectKind::kSequences, kGoldenSequences);
        expected.emplace_back(ObjectKind::kLargeObjects, kGoldenLargeObjects);
        expected.emplace_back(ObjectKind::kPost, GoldenText("source/schema.dump"));
        return expected;
    }

    DirStore store_{GoldenPath(GetParam().name)};
    NeverInterrupted interrupt_;
    std::string id_;
    bool encrypted_ = false;
    Trust trust_;
};
INSTANTIATE_TEST_SUITE_P(, Golden, testing::ValuesIn(GoldenStores()), [](const auto& info) {
    std::string name = info.param.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

TEST_P(Golden, Verifies) {
    for (const int who : {1, 2}) {
        Keyring keys(store_);
        if (encrypted_) GiveKey(keys, who);
        const auto report =
            VerifyBackup(store_, id_, trust_, &keys, VerifyLevel::kContent, interrupt_, nullptr);
        EXPECT_EQ(report.problems, std::vector<std::string>{});
        EXPECT_EQ(report.objects, 13U);
    }
}

TEST_P(Golden, HoldsWhatWasPutIn) {
    Keyring keys(store_);
    if (encrypted_) GiveKey(keys, 2);
    const Backup backup = OpenBackup(store_, id_, trust_);
    EXPECT_EQ(backup.signature_checked, encrypted_);
    EXPECT_EQ(backup.manifest.totals.rows, 127U);
    EXPECT_EQ(FindLatest(store_, "golden", interrupt_), id_);
    const ReadContext context = MakeReadContext(backup, &keys, interrupt_);
    const auto toc = ReadToc(store_, backup, context);
    const auto expected = Expected();
    ASSERT_EQ(toc.size(), expected.size());
    for (size_t i = 0; i < toc.size(); ++i) {
        EXPECT_EQ(toc[i].kind, expected[i].first);
        const auto record =
            std::find_if(backup.manifest.objects.begin(), backup.manifest.objects.end(),
                         [&](const ObjectRecord& r) { return r.name == toc[i].object; });
        StringSink text;
        ReadObject(store_, *record, context, text);
        EXPECT_EQ(text.text(), expected[i].second) << i;
    }
    const CopyTarget odd = ParseCopyStatement(toc[6].statement);
    EXPECT_EQ(odd.table, "tab\tnew\nline \\ back");
    EXPECT_EQ(odd.columns, (std::vector<std::string>{"select", "a \"b\"\tc"}));
}

// As docs/recovery-without-lifeboat.md says it.
TEST_P(Golden, StockToolsReadIt) {
    const TempDir temp;
    const std::string into_store = "cd '" + GoldenPath(GetParam().name) + "' && ";
    Shell(into_store + "sha256sum --strict --quiet -c backups/" + id_ + "/SHA256SUMS");
    if (encrypted_) {
        EXPECT_EQ(Shell(into_store +
                        "openssl dgst -sha256 -verify ../keys/signer.pub -signature backups/" +
                        id_ + "/SHA256SUMS.sig backups/" + id_ + "/SHA256SUMS"),
                  "Verified OK\n");
    }
    const auto take = [&](const std::string& name) {
        if (!encrypted_) return Shell(into_store + "zstd -dcq " + name);
        return Shell(
            into_store + "id=$(od -An -tx1 -j33 -N16 " + name +
            " | tr -d ' \\n') && key=$(openssl cms -decrypt -binary -inform DER -in keys/$id.1.cms "
            "-inkey ../keys/recovery.key) && openssl cms -decrypt -binary -inform DER -in " +
            name + " -out '" + temp.path() + "/z' -secretkey $key -secretkeyid $id && zstd -dcq '" +
            temp.path() + "/z'");
    };
    const auto toc = ParseToc(take(TocName(id_, encrypted_)));
    const auto expected = Expected();
    ASSERT_EQ(toc.size(), expected.size());
    for (size_t i = 0; i < toc.size(); ++i) EXPECT_EQ(take(toc[i].object), expected[i].second) << i;
}

// The server's key files are in the object profile: stock openssl opens them with the server
// secret.
TEST(GoldenKeys, StockToolsOpenTheServersKeyFiles) {
    DirStore store(GoldenPath("v1-encrypted"));
    const auto files = ListKeyFiles(store);
    ASSERT_EQ(files.size(), 2U);
    const Key secret = Key::FromHex(GoldenText("keys/server.secret"), "golden");
    const std::string key =
        Shell("openssl cms -decrypt -binary -inform DER -in '" +
              GoldenPath("v1-encrypted/" + KeyFileName(files[0].id, 1, "srv")) + "' -secretkey " +
              secret.Hex() + " -secretkeyid " + ToHex(secret.Id()));
    EXPECT_EQ(Key::FromHex(key, "run key").Id(), files[0].id);
}

} // namespace
} // namespace lifeboat::test
