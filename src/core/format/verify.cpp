#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/format/backup.h"
#include "core/format/backup_files.h"

namespace lifeboat {
namespace {

constexpr std::string_view kLevelNames[] = {"present", "checksum", "content"};

std::string ProblemText(const Error& e) {
    return e.detail().empty() ? e.message() : e.message() + ": " + e.detail();
}

bool IsDamage(const Error& e) { return e.code() == Errc::Damaged || e.code() == Errc::Unsupported; }

// One verification: goes through everything, keeps what is wrong, and goes on.
class Verification {
public:
    Verification(Store& store, const Backup& backup, Keyring* keys, VerifyLevel level,
                 Interrupt& interrupt, std::atomic<uint64_t>* done)
        : store_(store),
          backup_(backup),
          level_(level),
          interrupt_(interrupt),
          context_(MakeReadContext(backup, keys, interrupt)) {
        context_.done = done;
    }

    void Run(VerifyReport& report) {
        FindExtraFiles(report);
        if (level_ == VerifyLevel::kContent) FindMissingKeys(report);
        Check(backup_.manifest.toc, report);
        if (level_ == VerifyLevel::kPresent) return LookUp(backup_.manifest.objects, report);
        for (const ObjectRecord& record : backup_.manifest.objects) Check(record, report);
    }

private:
    void FindExtraFiles(VerifyReport& report) {
        const Manifest& manifest = backup_.manifest;
        std::set<std::string, std::less<>> expected = {
            BackupFile(manifest.backup_id, kStartedFile),
            BackupFile(manifest.backup_id, kManifestFile),
            BackupFile(manifest.backup_id, kSumsFile), manifest.toc.name};
        if (manifest.signer) expected.insert(BackupFile(manifest.backup_id, kSignatureFile));
        try {
            store_.List(BackupFile(manifest.backup_id, ""), [&](const StoreObject& object) {
                if (!expected.contains(object.name))
                    report.problems.push_back("file " + Printable(object.name) +
                                              " does not belong to the backup");
            });
        } catch (const StoreError& e) {
            // What is more than the backup does it no harm: who may not list verifies all the same.
            if (e.code() != Errc::StoreDenied) throw;
        }
    }

    // A key file that is gone is damage to the store; a key that nobody gave is not.
    void FindMissingKeys(VerifyReport& report) {
        if (!backup_.manifest.encrypted) return;
        for (const KeyId& id : backup_.manifest.key_ids) {
            if (!KeyFilesOf(store_, id).empty()) continue;
            missing_keys_.insert(id);
            report.problems.push_back("the store has no key file for key " + ToHex(id));
        }
    }

    // Several at a time; one after another where much is missing.
    void LookUp(std::span<const ObjectRecord> records, VerifyReport& report) {
        constexpr size_t kMost = 1024;
        for (size_t together = kMost; !records.empty();) {
            const auto next = records.first(std::min(records.size(), together));
            const size_t present = CountPresent(next);
            for (const ObjectRecord& record : next.first(present)) Count(record, report);
            records = records.subspan(present);
            together = present == next.size() ? std::min(2 * together, kMost) : 1;
            if (present == next.size()) continue;
            Check(records.front(), report);
            records = records.subspan(1);
        }
    }

    // How many are as they should be, from the first on.
    size_t CountPresent(std::span<const ObjectRecord> records) {
        size_t count = 0;
        try {
            CheckObjectsPresent(store_, records, interrupt_, &count);
        } catch (const StoreError& e) { // of one object, Check() says what is wrong with it
            if (e.fault() != StoreFault::kPermanent) throw;
        } catch (const Error& e) {
            if (!IsDamage(e)) throw;
        }
        return count;
    }

    static void Count(const ObjectRecord& record, VerifyReport& report) {
        ++report.objects;
        report.bytes += record.stored_bytes;
    }

    void Check(const ObjectRecord& record, VerifyReport& report) {
        interrupt_.Check();
        Count(record, report);
        try {
            if (level_ != VerifyLevel::kPresent) return CheckBytes(record);
            CheckObjectsPresent(store_, {&record, 1}, interrupt_);
        } catch (const StoreError& e) {
            // What a service refuses says something of rights, of an archive, of itself.
            const bool of_object = e.fault() == StoreFault::kPermanent &&
                                   !store_.Properties().is_service && StoreAnswers();
            if (!of_object) throw;
            report.problems.push_back(ProblemText(e));
        } catch (const Error& e) {
            if (!IsDamage(e)) throw;
            report.problems.push_back(ProblemText(e));
        }
    }

    // A bad sector is one object's trouble, a store that went away is everybody's.
    bool StoreAnswers() {
        try {
            store_.Read(BackupFile(backup_.manifest.backup_id, kManifestFile), kMaxManifestBytes);
            return true;
        } catch (const StoreError&) {
            return false;
        }
    }

    void CheckBytes(const ObjectRecord& record) {
        const bool unreadable = record.key_id && missing_keys_.contains(*record.key_id);
        if (level_ == VerifyLevel::kChecksum || unreadable)
            return CheckObjectHash(store_, record, interrupt_, context_.done);
        if (record.kind == ObjectKind::kToc) {
            ReadToc(store_, backup_, context_);
            return;
        }
        DiscardSink nothing;
        ReadObject(store_, record, context_, nothing);
    }

    Store& store_;
    const Backup& backup_;
    VerifyLevel level_;
    Interrupt& interrupt_;
    ReadContext context_;
    std::set<KeyId> missing_keys_;
};

} // namespace

std::string_view VerifyLevelName(VerifyLevel level) noexcept {
    return kLevelNames[static_cast<size_t>(level)];
}

std::optional<VerifyLevel> ParseVerifyLevel(std::string_view text) noexcept {
    for (size_t i = 0; i < std::size(kLevelNames); ++i)
        if (kLevelNames[i] == text) return static_cast<VerifyLevel>(i);
    return std::nullopt;
}

VerifyReport VerifyBackup(Store& store, std::string_view backup_id, const Trust& trust,
                          Keyring* keys, VerifyLevel level, Interrupt& interrupt,
                          std::atomic<uint64_t>* done) {
    VerifyReport report;
    Backup backup;
    try {
        backup = OpenBackup(store, backup_id, trust);
    } catch (const StoreError&) {
        throw;
    } catch (const Error& e) {
        if (e.code() != Errc::Damaged) throw;
        report.problems.push_back(ProblemText(e));
        return report;
    }
    const bool has_key = keys != nullptr && !keys->empty();
    if (level == VerifyLevel::kContent && backup.manifest.encrypted && !has_key)
        throw Error(
            Errc::KeyMissing,
            "a key is needed to verify the content of backup \"" + std::string(backup_id) + "\"",
            "The backup is encrypted and no key was given.",
            "Give a key, or verify at level \"checksum\", which needs none.");
    Verification(store, backup, keys, level, interrupt, done).Run(report);
    return report;
}

} // namespace lifeboat
