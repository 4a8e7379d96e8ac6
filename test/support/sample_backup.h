// A small whole backup in a store, with one object of every kind: what tests of the format attack.
#pragma once

#include "core/format/backup.h"
#include "core/store/memory_store.h"

namespace lifeboat::test {

struct SampleOptions {
    bool encrypted = true;
    bool with_signature = true;
    std::string store_id = "00112233445566778899aabbccddeeff";
    std::string system_identifier = "7123456789012345678";
    uint32_t database_oid = 16384;
    std::string database = "app";
    uint64_t sequence = 1;
    std::optional<PreviousBackup> previous = std::nullopt;
    Instant started{std::chrono::seconds(1795140900)}; // 2026-11-20T02:15:00Z
};

// Keys that are the same in every test.
Key SampleSecret();
SignerPrivate SampleSigner();
const RecoveryPair& SampleRecovery();

class SampleStore {
public:
    // Writes repo.json.
    SampleStore(Store& store, SampleOptions options);
    // Takes a backup; the options may be changed between two.
    Manifest Take();

    SampleOptions options;

    [[nodiscard]] const std::vector<TocEntry>& toc() const noexcept { return toc_; }
    [[nodiscard]] const Key& run_key() const noexcept { return *run_key_; }
    // Text of the object that the toc's line `index` names.
    [[nodiscard]] const std::string& content(size_t index) const { return contents_.at(index); }

private:
    ObjectSpec Spec(ObjectKind kind) const;
    void AddText(ObjectKind kind, const std::string& text);
    void AddData(TocDetail detail, const std::vector<std::string>& columns, BlockRange blocks,
                 const std::vector<std::string>& text_of_blocks);
    void AddTables();

    Store& store_;
    std::optional<Key> run_key_;
    std::string backup_id_;
    std::vector<ObjectRecord> records_;
    std::vector<TocEntry> toc_;
    std::vector<std::string> contents_;
};

// A store in memory with one backup in it, and what is needed to read it.
struct Sample {
    explicit Sample(SampleOptions options = {});
    [[nodiscard]] const std::string& id() const noexcept { return manifest.backup_id; }
    [[nodiscard]] std::string File(std::string_view name) const { return BackupFile(id(), name); }
    Buffer& bytes(std::string_view name); // of a stored object; it must be there
    void SetText(const std::string& name, std::string_view text);
    [[nodiscard]] std::string text(std::string_view name) {
        return std::string(AsText(bytes(name)));
    }
    // The object of the n-th data line.
    [[nodiscard]] const ObjectRecord& data(size_t n) const;
    // After an edit of the manifest's text: hash in SHA256SUMS and signature are made to fit, as
    // one who has the signing key could.
    void Reseal();
    Backup Open();
    VerifyReport Verify(VerifyLevel level = VerifyLevel::kContent);

    MemoryStore store;
    SampleStore source;
    Manifest manifest;
    Trust trust;
    Keyring keys;
    NeverInterrupted interrupt;
};

} // namespace lifeboat::test
