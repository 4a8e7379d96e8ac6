#include "support/sample_backup.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace lifeboat::test {
namespace {

constexpr uint32_t kSmallFrames = 64; // several frames even in small objects

std::string Rows(int first, int count, const std::string& text) {
    std::string rows;
    for (int i = first; i < first + count; ++i) rows += std::to_string(i) + "\t" + text + "\n";
    return rows;
}

uint64_t CountLines(const std::string& text) {
    return static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace

Key SampleSecret() { return Key::FromHex(std::string(64, '7'), "test secret"); }

SignerPrivate SampleSigner() {
    static const std::string pem =
        SignerPrivate::Generate().PrivatePem(); // text: no OpenSSL state at exit
    return SignerPrivate::FromPem(pem, "test signer");
}

const RecoveryPair& SampleRecovery() {
    static const RecoveryPair pair = MakeRecoveryPair("test", "");
    return pair;
}

SampleStore::SampleStore(Store& store, SampleOptions given)
    : options(std::move(given)), store_(store) {
    Repo repo;
    repo.store_id = options.store_id;
    repo.encryption_required = options.encrypted;
    repo.created = options.started;
    store_.Put(kRepoName, AsBytes(FormatRepo(repo)));
}

ObjectSpec SampleStore::Spec(ObjectKind kind) const {
    ObjectSpec spec;
    spec.identity.store_id = options.store_id;
    spec.identity.backup_id = backup_id_;
    spec.identity.kind = kind;
    spec.identity.snapshot = "750:752";
    spec.identity.lsn = "0/15872D8";
    spec.run_key = run_key_;
    spec.frame_bytes = kSmallFrames;
    return spec;
}

void SampleStore::AddText(ObjectKind kind, const std::string& text) {
    records_.push_back(WriteObject(store_, Spec(kind), AsBytes(text), 0));
    TocEntry entry;
    entry.object = records_.back().name;
    entry.kind = kind;
    toc_.push_back(std::move(entry));
    contents_.push_back(text);
}

void SampleStore::AddData(TocDetail detail, const std::vector<std::string>& columns,
                          BlockRange blocks, const std::vector<std::string>& text_of_blocks) {
    ObjectSpec spec = Spec(ObjectKind::kData);
    spec.identity.relation = detail.relation;
    spec.identity.blocks = blocks;
    spec.identity.part = detail.part;
    ObjectWriter writer(store_, std::move(spec));
    const std::string text =
        std::accumulate(text_of_blocks.begin(), text_of_blocks.end(), std::string());
    for (size_t i = 0; i < text_of_blocks.size(); ++i) {
        writer.Write(AsBytes(text_of_blocks[i]));
        if (!text_of_blocks[i].empty()) writer.EndBlock(blocks.first + static_cast<uint32_t>(i));
    }
    detail.rows = CountLines(text);
    ObjectRecord record = writer.Finish(detail.rows);
    record.parts = detail.parts;
    records_.push_back(record);
    TocEntry entry;
    entry.object = record.name;
    entry.kind = ObjectKind::kData;
    entry.statement = MakeCopyStatement({detail.schema, detail.name, columns});
    entry.detail = std::move(detail);
    toc_.push_back(std::move(entry));
    contents_.push_back(text);
}

void SampleStore::AddTables() {
    TocDetail orders;
    orders.relation = 16390;
    orders.schema = "public";
    orders.name = "orders";
    const std::vector<std::string> columns = {"id", "note"};
    AddData(orders, columns, {0, 3}, {Rows(1, 20, "first"), "", Rows(21, 5, "caf\xC3\xA9")});
    AddData(orders, columns, {3, 5}, {Rows(26, 30, "second"), Rows(56, 1, "\\N")});
    TocDetail odd; // one block in two objects, names with everything
    odd.relation = 16400;
    odd.schema = "Odd \"schema\"";
    odd.name = "tab\tnew\nline \\ caf\xE9";
    odd.parts = 2;
    AddData(odd, {"select", "a b"}, {0, 1}, {Rows(1, 2, "part one")});
    odd.part = 2;
    AddData(odd, {"select", "a b"}, {0, 1}, {Rows(3, 2, "part two")});
    TocDetail empty;
    empty.relation = 16410;
    empty.schema = "public";
    empty.name = "empty";
    AddData(empty, {}, {0, 0}, {});
}

Manifest SampleStore::Take() {
    records_.clear();
    toc_.clear();
    contents_.clear();
    run_key_.reset();
    backup_id_ = MakeBackupId(options.database, options.started, BackupType::kFull);
    if (options.encrypted) {
        run_key_ = Key::Random();
        std::vector<RecoveryCertificate> recipients;
        recipients.push_back(
            RecoveryCertificate::FromPem(SampleRecovery().certificate_pem, "test"));
        StoreRunKey(store_, *run_key_, recipients, SampleSecret());
    }
    WriteStarted(
        store_, backup_id_,
        {options.system_identifier, "", options.started, options.started + std::chrono::hours(1)});
    AddText(ObjectKind::kGlobals, "CREATE ROLE shop;\n");
    AddText(ObjectKind::kDatabase, "CREATE DATABASE :\"db\" TEMPLATE template0 ENCODING 'UTF8';\n");
    AddText(ObjectKind::kSchema, "PGDMP of a test, no real archive");
    AddTables();
    AddText(ObjectKind::kSequences,
            "SELECT pg_catalog.setval('public.orders_id_seq', 56, true);\n");
    AddText(ObjectKind::kLargeObjects, "SELECT pg_catalog.lo_create('16420');\n");
    TocEntry post = toc_[2];
    post.kind = ObjectKind::kPost;
    toc_.push_back(std::move(post));

    Manifest manifest;
    manifest.store_id = options.store_id;
    manifest.backup_id = backup_id_;
    manifest.sequence = options.sequence;
    manifest.previous = options.previous;
    manifest.tool = "pg_lifeboat test";
    manifest.schedule = "nightly";
    manifest.role = "shop";
    manifest.started = options.started;
    manifest.snapshot_at = options.started + std::chrono::seconds(1);
    manifest.finished = options.started + std::chrono::seconds(9);
    manifest.cluster = {options.system_identifier, 1, "15.20 (Debian 15.20-0+deb12u1)", 150020};
    manifest.database = {
        options.database_oid, options.database, "UTF8", "libc", "C.UTF-8", "C.UTF-8", "", ""};
    manifest.extensions = {{"hstore", "1.8"}};
    manifest.collation_providers = {{"libc", "2.36"}};
    manifest.snapshot_lsn = "0/15872D8";
    manifest.snapshot_xmin = "750";
    manifest.settings = {{"TimeZone", "UTC"}, {"bytea_output", "hex"}};
    manifest.encrypted = options.encrypted;
    if (run_key_) {
        manifest.key_ids = {run_key_->Id()};
        manifest.recipients = {
            RecoveryCertificate::FromPem(SampleRecovery().certificate_pem, "test").fingerprint()};
    }
    manifest.witness = {"5f0c", "753"};
    manifest.lref = "0/1587000";
    manifest.totals.tables = 3;
    manifest.objects = records_;
    NeverInterrupted interrupt;
    const SignerPrivate signer = SampleSigner();
    return CommitBackup(store_, std::move(manifest), toc_, run_key_,
                        options.with_signature ? &signer : nullptr, interrupt)
        .manifest;
}

Sample::Sample(SampleOptions options)
    : source(store, options), manifest(source.Take()), keys(store) {
    trust.allow_untrusted = !options.with_signature;
    if (options.with_signature) trust.signers.push_back(SampleSigner().Public());
    trust.key_given = options.encrypted;
    if (options.encrypted) keys.AddServerSecret(SampleSecret());
}

Buffer& Sample::bytes(std::string_view name) {
    const auto found = store.objects().find(name);
    if (found == store.objects().end()) throw std::logic_error("no object " + std::string(name));
    return found->second;
}

void Sample::SetText(const std::string& name, std::string_view text) {
    const Bytes bytes = AsBytes(text);
    store.objects()[name] = Buffer(bytes.begin(), bytes.end());
}

const ObjectRecord& Sample::data(size_t n) const {
    for (const ObjectRecord& record : manifest.objects)
        if (record.kind == ObjectKind::kData && n-- == 0) return record;
    throw std::logic_error("no such data object");
}

void Sample::Reseal() {
    std::vector<SumLine> lines = ParseSums(text(File(kSumsFile)));
    for (SumLine& line : lines)
        if (store.objects().contains(line.name)) line.sha256 = Sha256Of(bytes(line.name));
    const std::string sums = FormatSums(std::move(lines));
    SetText(File(kSumsFile), sums);
    if (store.objects().contains(File(kSignatureFile)))
        store.objects()[File(kSignatureFile)] = SampleSigner().Sign(AsBytes(sums));
}

Backup Sample::Open() { return OpenBackup(store, id(), trust); }

VerifyReport Sample::Verify(VerifyLevel level) {
    return VerifyBackup(store, id(), trust, &keys, level, interrupt, nullptr);
}

} // namespace lifeboat::test
