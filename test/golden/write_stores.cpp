// How the golden stores of the current version were made. The test writes such stores into a
// temporary directory and reads them; once for each store somebody runs it by hand with
// GOLDEN_INTO=test/golden, and what it writes there is never made again.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/store/dir_store.h"
#include "golden.h"

namespace lifeboat::test {
namespace {

constexpr Instant kStarted{std::chrono::seconds(1795140900)}; // 2026-11-20T02:15:00Z

void WriteKeys() {
    std::filesystem::create_directories(GoldenPath("keys"));
    const RecoveryPair recovery = MakeRecoveryPair("golden test, worth nothing", "");
    const SignerPrivate signer = SignerPrivate::Generate();
    WriteFile(GoldenPath("keys/recovery.crt"), recovery.certificate_pem);
    WriteFile(GoldenPath("keys/recovery.key"), recovery.private_pem);
    WriteFile(GoldenPath("keys/server.secret"), Key::Random().Hex() + "\n");
    WriteFile(GoldenPath("keys/signer.key"), signer.PrivatePem());
    WriteFile(GoldenPath("keys/signer.pub"), signer.Public().pem());
}

class Writer {
public:
    explicit Writer(const GoldenStore& what, const std::string& folder)
        : store_(folder), encrypted_(what.encrypted) {
        manifest_.compression = Compression::Parse(what.compression);
        Repo repo;
        repo.store_id = RandomHex(16);
        repo.encryption_required = encrypted_;
        repo.created = kStarted;
        store_.Put(kRepoName, AsBytes(FormatRepo(repo)));
        manifest_.store_id = repo.store_id;
        manifest_.backup_id = MakeBackupId("golden", kStarted, BackupType::kFull);
    }

    // The id of the backup.
    std::string Write() {
        if (encrypted_) WriteRunKey();
        WriteStarted(store_, manifest_.backup_id,
                     {"7123456789012345678", "", kStarted, kStarted + std::chrono::hours(1)});
        AddText(ObjectKind::kGlobals, kGoldenGlobals);
        AddText(ObjectKind::kDatabase, kGoldenDatabase);
        AddText(ObjectKind::kSchema, GoldenText("source/schema.dump"));
        TocEntry post = toc_.back();
        post.kind = ObjectKind::kPost;
        for (const GoldenTable& table : GoldenTables()) AddTable(table);
        AddText(ObjectKind::kSequences, kGoldenSequences);
        AddText(ObjectKind::kLargeObjects, kGoldenLargeObjects);
        toc_.push_back(std::move(post));
        Commit();
        return manifest_.backup_id;
    }

private:
    void WriteRunKey() {
        run_key_ = Key::Random();
        std::vector<RecoveryCertificate> recipients;
        recipients.push_back(
            RecoveryCertificate::FromPem(GoldenText("keys/recovery.crt"), "golden"));
        StoreRunKey(store_, *run_key_, recipients,
                    Key::FromHex(GoldenText("keys/server.secret"), "golden"));
        manifest_.key_ids = {run_key_->Id()};
        manifest_.recipients = {recipients[0].fingerprint()};
    }

    ObjectSpec Spec(ObjectKind kind) const {
        ObjectSpec spec;
        spec.identity.store_id = manifest_.store_id;
        spec.identity.backup_id = manifest_.backup_id;
        spec.identity.kind = kind;
        spec.identity.snapshot = "750:752";
        spec.identity.lsn = "0/15872D8";
        spec.run_key = run_key_;
        spec.compression = manifest_.compression;
        spec.frame_bytes = 2000; // so that there are several frames
        return spec;
    }

    void AddText(ObjectKind kind, const std::string& text) {
        manifest_.objects.push_back(WriteObject(store_, Spec(kind), AsBytes(text), 0));
        TocEntry entry;
        entry.object = manifest_.objects.back().name;
        entry.kind = kind;
        toc_.push_back(std::move(entry));
    }

    void AddTable(const GoldenTable& table) {
        uint32_t part = 0;
        for (const auto& object : table.objects) {
            TocEntry entry;
            entry.detail.relation = table.relation;
            entry.detail.schema = table.schema;
            entry.detail.name = table.name;
            entry.detail.parts =
                table.one_block_in_parts ? static_cast<uint32_t>(table.objects.size()) : 1;
            entry.detail.part = table.one_block_in_parts ? ++part : 1;
            ObjectRecord record = WriteRows(entry.detail, object);
            record.parts = entry.detail.parts;
            entry.detail.rows = record.rows;
            entry.object = record.name;
            entry.statement = MakeCopyStatement({table.schema, table.name, table.columns});
            manifest_.objects.push_back(std::move(record));
            toc_.push_back(std::move(entry));
        }
        ++manifest_.totals.tables;
    }

    ObjectRecord WriteRows(const TocDetail& detail, const GoldenTable::Part& object) {
        ObjectSpec spec = Spec(ObjectKind::kData);
        spec.identity.relation = detail.relation;
        spec.identity.blocks = object.blocks;
        spec.identity.part = detail.part;
        ObjectWriter writer(store_, std::move(spec));
        const std::string text = GoldenRows(object.file);
        uint64_t rows = 0;
        for (size_t at = 0; at < text.size();) {
            const size_t end = text.find('\n', at) + 1;
            writer.Write(AsBytes(std::string_view(text).substr(at, end - at)));
            at = end;
            if (++rows % object.rows_per_block == 0 || at == text.size())
                writer.EndBlock(object.blocks.first +
                                static_cast<uint32_t>((rows - 1) / object.rows_per_block));
        }
        return writer.Finish(rows);
    }

    void Commit() {
        manifest_.sequence = 1;
        manifest_.tool = "pg_lifeboat golden";
        manifest_.role = "postgres";
        manifest_.started = kStarted;
        manifest_.snapshot_at = kStarted + std::chrono::seconds(1);
        manifest_.finished = kStarted + std::chrono::seconds(9);
        manifest_.cluster = {"7123456789012345678", 1, "15.20 (Debian 15.20-0+deb12u1)", 150020};
        manifest_.database = {16384, "golden", "UTF8", "libc", "C", "C", "", ""};
        manifest_.extensions = {{"plpgsql", "1.0"}};
        manifest_.collation_providers = {{"libc", "2.36"}};
        manifest_.snapshot_lsn = "0/15872D8";
        manifest_.snapshot_xmin = "750";
        manifest_.settings = {{"DateStyle", "ISO, YMD"}, {"IntervalStyle", "postgres"},
                              {"TimeZone", "UTC"},       {"bytea_output", "hex"},
                              {"lc_monetary", "C"},      {"search_path", ""}};
        manifest_.encrypted = encrypted_;
        manifest_.witness = {"5f0c", "753"};
        manifest_.lref = "0/1587000";
        NeverInterrupted interrupt;
        const SignerPrivate signer =
            SignerPrivate::FromPem(GoldenText("keys/signer.key"), "golden");
        CommitBackup(store_, manifest_, toc_, run_key_, encrypted_ ? &signer : nullptr, interrupt);
    }

    DirStore store_;
    bool encrypted_;
    std::optional<Key> run_key_;
    Manifest manifest_;
    std::vector<TocEntry> toc_;
};

TEST(GoldenWriter, WritesWhatItCanRead) {
    const TempDir temp;
    const char* by_hand = std::getenv("GOLDEN_INTO");
    const std::string root = by_hand != nullptr ? std::string(by_hand) : temp.path();
    if (!std::filesystem::exists(GoldenPath("keys"))) WriteKeys();
    for (const GoldenStore& what : GoldenStores()) {
        const std::string folder = root + "/" + what.name;
        if (!std::filesystem::create_directory(folder)) continue; // kept as it was made
        const std::string id = Writer(what, folder).Write();
        DirStore store(folder);
        Keyring keys(store);
        keys.AddServerSecret(Key::FromHex(GoldenText("keys/server.secret"), "golden"));
        Trust trust;
        trust.allow_untrusted = true;
        NeverInterrupted interrupt;
        const auto report =
            VerifyBackup(store, id, trust, &keys, VerifyLevel::kContent, interrupt, nullptr);
        EXPECT_EQ(report.problems, std::vector<std::string>{});
    }
}

} // namespace
} // namespace lifeboat::test
