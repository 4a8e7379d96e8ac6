// A backup is copied whole or not at all, whatever fails on the way, and reads as the original.
#include "core/format/copy_backup.h"

#include <gtest/gtest.h>

#include "core/format/key_rotation.h"
#include "core/format/origins.h"
#include "core/store/decorators.h"
#include "support/expect_error.h"
#include "support/sample_backup.h"
#include "support/store_door.h"

namespace lifeboat::test {
namespace {

const std::string kOtherStore = "ffeeddccbbaa99887766554433221100";

void WriteRepo(Store& store, const std::string& id, bool encrypted) {
    Repo repo;
    repo.store_id = id;
    repo.encryption_required = encrypted;
    repo.created = SampleOptions{}.started;
    store.Put(kRepoName, AsBytes(FormatRepo(repo)));
}

class CopyTest : public ::testing::TestWithParam<bool> {
protected:
    CopyTest() { WriteRepo(to, kOtherStore, GetParam()); }

    static SampleOptions Options() {
        SampleOptions options;
        options.encrypted = GetParam();
        return options;
    }
    CopyReport Copy() { return CopyBackup(sample.store, to, sample.id(), sample.trust, never); }
    CopyReport Copy(Store& from, Store& into) {
        return CopyBackup(from, into, sample.id(), sample.trust, never);
    }
    VerifyReport VerifyCopy(Store& store) {
        Keyring keys(store);
        if (GetParam()) keys.AddServerSecret(SampleSecret());
        return VerifyBackup(store, sample.id(), sample.trust, &keys, VerifyLevel::kContent, never,
                            nullptr);
    }
    VerifyReport VerifyCopy() { return VerifyCopy(to); }
    void Overwrite(const std::string& name, std::string_view content) {
        to.Remove(name);
        to.Put(name, AsBytes(content));
    }
    void Flip(const std::string& name) {
        std::string content = to.Read(name, 1 << 20);
        content[content.size() / 2] ^= 1;
        Overwrite(name, content);
    }
    bool IsListed() { return !ListBackups(to, never).empty(); }

    Sample sample{Options()};
    MemoryStore to;
    NeverInterrupted never;
};

INSTANTIATE_TEST_SUITE_P(EncryptedAndClear, CopyTest, ::testing::Bool());

TEST_P(CopyTest, TheCopyIsTheOriginalToTheByteAndVerifies) {
    const CopyReport report = Copy();
    EXPECT_EQ(report.objects, sample.manifest.objects.size() + 1);
    EXPECT_EQ(report.bytes, sample.manifest.totals.total_stored_bytes);
    EXPECT_EQ(report.objects_there, 0U);
    EXPECT_FALSE(report.was_complete);
    for (const auto& [name, bytes] : sample.store.objects()) {
        if (name == kRepoName || name.ends_with(kStartedFile)) continue;
        ASSERT_TRUE(to.objects().contains(name)) << name;
        EXPECT_EQ(to.objects().at(name), bytes) << name;
    }
    EXPECT_EQ(to.objects().size(), sample.store.objects().size() + 1); // origins/…
    EXPECT_TRUE(to.Exists(OriginName(sample.source.options.store_id)));
    const VerifyReport verified = VerifyCopy();
    EXPECT_TRUE(verified.ok()) << verified.problems.front();
}

TEST_P(CopyTest, ASecondCopySendsNothing) {
    Copy();
    const auto before = to.objects();
    const CopyReport report = Copy();
    EXPECT_TRUE(report.was_complete);
    EXPECT_EQ(report.objects, 0U);
    EXPECT_EQ(report.bytes, 0U);
    EXPECT_EQ(to.objects(), before);
}

TEST_P(CopyTest, ACompleteCopyThatLostAnObjectGetsItBack) {
    Copy();
    const std::string lost = sample.data(0).name;
    to.Remove(lost);
    EXPECT_FALSE(VerifyCopy().ok());
    EXPECT_EQ(Copy().objects, 1U);
    EXPECT_TRUE(VerifyCopy().ok());
}

// A copy can be copied on: it keeps saying where it comes from.
TEST_P(CopyTest, ACopyOfACopyVerifies) {
    Copy();
    MemoryStore third;
    WriteRepo(third, std::string(32, '3'), GetParam());
    Copy(to, third);
    EXPECT_TRUE(VerifyCopy(third).ok());
}

// Each call of the store that is written to fails once, at each place: nothing half is listed, and
// the next attempt completes it.
TEST_P(CopyTest, WhateverFailsInTheDestinationNothingHalfIsListedAndTheNextAttemptCompletes) {
    int failing = 0;
    for (bool thrown = true; thrown; ++failing) {
        SCOPED_TRACE("call " + std::to_string(failing));
        to = MemoryStore();
        WriteRepo(to, kOtherStore, GetParam());
        int calls = 0;
        thrown = false;
        const auto faulty =
            WithFaults(std::make_unique<StoreDoor>(to),
                       [&](std::string_view operation, std::string_view name, uint64_t) {
                           if (calls++ != failing) return;
                           thrown = true;
                           throw StoreError(StoreFault::kPermanent, Errc::StoreRefused,
                                            "planned failure of " + std::string(operation) + " " +
                                                std::string(name));
                       });
        const Thrown caught = Catch([&] { Copy(sample.store, *faulty); });
        ASSERT_EQ(caught.message.starts_with("planned failure"), thrown) << caught.message;
        if (IsListed()) {
            ASSERT_TRUE(VerifyCopy().ok()) << caught.message;
        }
        Copy();
        ASSERT_TRUE(VerifyCopy().ok()) << caught.message;
    }
    EXPECT_GT(failing, 60);
}

TEST_P(CopyTest, WhateverFailsInTheSourceNothingIsListedAndTheNextAttemptCompletes) {
    int failing = 0;
    for (bool thrown = true; thrown; ++failing) {
        SCOPED_TRACE("call " + std::to_string(failing));
        to = MemoryStore();
        WriteRepo(to, kOtherStore, GetParam());
        int calls = 0;
        thrown = false;
        const auto faulty = WithFaults(std::make_unique<StoreDoor>(sample.store),
                                       [&](std::string_view, std::string_view, uint64_t) {
                                           if (calls++ != failing) return;
                                           thrown = true;
                                           throw StoreError(StoreFault::kPermanent,
                                                            Errc::StoreRefused, "planned failure");
                                       });
        const Thrown caught = Catch([&] { Copy(*faulty, to); });
        ASSERT_EQ(caught.message == "planned failure", thrown) << caught.message;
        if (thrown) {
            ASSERT_FALSE(IsListed());
        }
        Copy();
        ASSERT_TRUE(VerifyCopy().ok());
    }
    EXPECT_GT(failing, 20);
}

TEST_P(CopyTest, AnInterruptedCopySendsOnlyWhatIsMissing) {
    int left = 3;
    const auto faulty = WithFaults(
        std::make_unique<StoreDoor>(to),
        [&](std::string_view operation, std::string_view name, uint64_t) {
            if (operation == "finish" && name.starts_with("objects/") && left-- == 0)
                throw StoreError(StoreFault::kPermanent, Errc::StoreRefused, "planned failure");
        });
    Catch([&] { Copy(sample.store, *faulty); });
    const CopyReport report = Copy();
    EXPECT_EQ(report.objects_there, 4U); // the toc comes first
    EXPECT_EQ(report.objects + report.objects_there, sample.manifest.objects.size() + 1);
    EXPECT_EQ(report.bytes + report.bytes_there, sample.manifest.totals.total_stored_bytes);
}

TEST_P(CopyTest, DamageInTheSourceIsNamedAndNothingIsCommitted) {
    const std::string name = sample.data(0).name;
    sample.bytes(name)[5] ^= std::byte{1};
    const Thrown thrown = Catch([&] { Copy(); });
    EXPECT_EQ(thrown.code, Errc::Damaged);
    EXPECT_EQ(thrown.message, "object " + name + " is damaged");
    EXPECT_TRUE(thrown.detail.starts_with("Its SHA-256 is ")) << thrown.detail;
    EXPECT_FALSE(to.Exists(name));
    EXPECT_FALSE(IsListed());
    sample.store.Remove(name);
    EXPECT_EQ(Catch([&] { Copy(); }).message, "object " + name + " is missing");
}

// Damaged in the first, sound in the second.
TEST_P(CopyTest, WhatOneSourceHoldsDamagedComesFromAnother) {
    MemoryStore third;
    WriteRepo(third, std::string(32, '3'), GetParam());
    Copy(sample.store, third);
    sample.bytes(sample.data(0).name)[5] ^= std::byte{1};
    sample.store.Remove(sample.data(1).name);
    std::vector<FallbackStore::Member> members;
    members.push_back({"first", std::make_unique<StoreDoor>(sample.store)});
    members.push_back({"third", std::make_unique<StoreDoor>(third)});
    std::vector<std::string> damaged;
    FallbackStore sources(std::move(members), [&](const FallbackStore&, const PassedOver& passed) {
        EXPECT_EQ(passed.member, 0U);
        EXPECT_TRUE(passed.damaged);
        damaged.push_back(passed.object);
    });
    Copy(sources, to);
    EXPECT_TRUE(VerifyCopy().ok());
    EXPECT_EQ(damaged, (std::vector<std::string>{sample.data(0).name, sample.data(1).name}));
}

// A store that loses what it acknowledged.
TEST_P(CopyTest, EveryObjectIsLookedUpOnceMoreBeforeTheCommitMark) {
    const std::string lost = sample.data(0).name;
    const auto faulty =
        WithFaults(std::make_unique<StoreDoor>(to),
                   [&](std::string_view operation, std::string_view name, uint64_t) {
                       if (operation == "create" && name == sample.data(1).name) to.Remove(lost);
                   });
    EXPECT_EQ(Catch([&] { Copy(sample.store, *faulty); }).message,
              "object " + lost + " is missing");
    EXPECT_FALSE(IsListed());
    EXPECT_FALSE(to.Exists(sample.File(kManifestFile)));
}

TEST_P(CopyTest, AKeyThatIsRotatedMeanwhileComesAlong) {
    if (!GetParam()) return;
    bool rotated = false;
    const auto faulty =
        WithFaults(std::make_unique<StoreDoor>(to),
                   [&](std::string_view operation, std::string_view name, uint64_t) {
                       if (operation != "create" || !name.starts_with("objects/") || rotated)
                           return;
                       RotateRunKey(sample.store, sample.source.run_key(), {}, SampleSecret());
                       rotated = true;
                   });
    Copy(sample.store, *faulty);
    EXPECT_TRUE(to.Exists(KeyFileName(sample.source.run_key().Id(), 2, "srv")));
    EXPECT_TRUE(VerifyCopy().ok());
}

// As a deletion leaves it that may remove no objects: nothing vouches for what is there.
TEST_P(CopyTest, WhatIsThereAlreadyIsReadAndReplacedWhereItDoesNotFit) {
    Copy();
    for (const std::string_view file : {kSignatureFile, kSumsFile, kManifestFile, kStartedFile})
        to.Remove(sample.File(file));
    Flip(sample.data(0).name);
    Flip(sample.manifest.toc.name);
    Overwrite(sample.data(1).name, "something else");
    const CopyReport report = Copy();
    EXPECT_EQ(report.objects, 3U);
    EXPECT_EQ(report.objects + report.objects_there, sample.manifest.objects.size() + 1);
    const VerifyReport verified = VerifyCopy();
    EXPECT_TRUE(verified.ok()) << verified.problems.front();
}

TEST_P(CopyTest, NothingIsRemovedBeforeWhatReplacesItWasRead) {
    const std::string name = sample.data(1).name;
    to.Put(name, AsBytes("something else"));
    sample.bytes(name)[5] ^= std::byte{1};
    EXPECT_EQ(Catch([&] { Copy(); }).message, "object " + name + " is damaged");
    EXPECT_EQ(to.Read(name, 100), "something else");
}

// Its manifest could name objects of other backups.
TEST_P(CopyTest, ForABackupThatNobodyVouchesForNothingIsReplaced) {
    sample.trust.signers.clear();
    sample.trust.allow_untrusted = true;
    const std::string name = sample.data(1).name;
    const std::string there = "object " + name + " is there already, with ";
    to.Put(name, AsBytes("something else"));
    const Thrown thrown = Catch([&] { Copy(); });
    EXPECT_EQ(thrown.code, Errc::Damaged);
    EXPECT_EQ(thrown.message,
              there + "14 bytes instead of " + std::to_string(sample.data(1).stored_bytes));
    EXPECT_FALSE(IsListed());
    EXPECT_EQ(to.Read(name, 100), "something else");
    Overwrite(name, std::string(sample.data(1).stored_bytes, 'x'));
    EXPECT_EQ(Catch([&] { Copy(); }).message, there + "another content");
    sample.trust.sums = Sha256Of(sample.bytes(sample.File(kSumsFile)));
    Copy();
    EXPECT_TRUE(VerifyCopy().ok());
}

TEST_P(CopyTest, OfACompleteCopyNothingIsReplaced) {
    Copy();
    const std::string name = sample.data(1).name;
    Overwrite(name, "something else");
    EXPECT_EQ(Catch([&] { Copy(); }).message, "object " + name +
                                                  " is there already, with 14 bytes instead of " +
                                                  std::to_string(sample.data(1).stored_bytes));
    EXPECT_EQ(to.Read(name, 100), "something else");
}

TEST_P(CopyTest, ACompleteCopyThatLostItsManifestGetsItBack) {
    Copy();
    to.Remove(sample.File(kManifestFile));
    EXPECT_FALSE(VerifyCopy().ok());
    EXPECT_TRUE(Copy().was_complete);
    EXPECT_TRUE(VerifyCopy().ok());
}

TEST_P(CopyTest, AnotherBackupOfThatNameIsNotTouched) {
    to.Put(sample.File(kSumsFile), AsBytes("other sums\n"));
    EXPECT_EQ(Catch([&] { Copy(); }).message,
              sample.File(kSumsFile) + " is there already, with another content");
}

TEST_P(CopyTest, ARunThatDidNotFinishIsNotCopied) {
    sample.store.Remove(sample.File(kSignatureFile));
    EXPECT_EQ(Catch([&] { Copy(); }).code, Errc::NotFound);
    sample.store.Remove(sample.File(kSumsFile));
    EXPECT_EQ(Catch([&] { Copy(); }).code, Errc::NotFound);
    EXPECT_EQ(to.objects().size(), 1U);
}

TEST_P(CopyTest, ASourceWithoutATrustedSignatureIsRefused) {
    sample.trust.signers.clear();
    EXPECT_EQ(Catch([&] { Copy(); }).code, Errc::Untrusted);
    EXPECT_EQ(to.objects().size(), 1U);
}

TEST_P(CopyTest, EncryptionOfBackupAndStoreMustAgree) {
    MemoryStore wrong;
    WriteRepo(wrong, kOtherStore, !GetParam());
    const Thrown thrown = Catch([&] { Copy(sample.store, wrong); });
    EXPECT_EQ(thrown.code, Errc::WrongState);
    EXPECT_EQ(thrown.message,
              "backup " + sample.id() + " is " + (GetParam() ? "" : "not ") +
                  "encrypted, and the store that it should be copied into has encryption \"" +
                  (GetParam() ? "none" : "required") + "\"");
    EXPECT_EQ(wrong.objects().size(), 1U);
}

TEST_P(CopyTest, IntoItselfIsRefused) {
    EXPECT_EQ(Catch([&] { Copy(sample.store, sample.store); }).code, Errc::WrongState);
}

TEST_P(CopyTest, AForeignObjectIsStillRefused) {
    Copy();
    to.Remove(OriginName(sample.source.options.store_id));
    const VerifyReport verified = VerifyCopy();
    ASSERT_EQ(verified.problems.size(), 1U);
    EXPECT_NE(verified.problems[0].find("belongs to store"), std::string::npos);
    // A file of another store's name accepts only that.
    to.Put(OriginName(std::string(32, '9')), AsBytes("{}"));
    EXPECT_FALSE(VerifyCopy().ok());
}

TEST_P(CopyTest, AServerRefusesWhatComesFromAStoreItDoesNotKnow) {
    Copy();
    Trust trust = sample.trust;
    trust.known_stores = {kOtherStore};
    const Thrown thrown = Catch([&] { OpenBackup(to, sample.id(), trust); });
    EXPECT_EQ(thrown.code, Errc::Damaged);
    EXPECT_EQ(thrown.message,
              "backup " + sample.id() + " comes from a store that the catalog does not know");
    trust.known_stores->push_back(sample.source.options.store_id);
    EXPECT_NO_THROW(OpenBackup(to, sample.id(), trust));
}

TEST_P(CopyTest, OnlyTheNewestKeyFilesAreCopied) {
    std::vector<std::string> expected;
    if (GetParam()) {
        const KeyId id = sample.source.run_key().Id();
        const Buffer older = sample.bytes(KeyFileName(id, 1, "srv"));
        RotateRunKey(sample.store, sample.source.run_key(), {}, SampleSecret());
        sample.store.Put(KeyFileName(id, 1, "srv"), older); // a rotation that was interrupted
        expected = {"2srv"};
    }
    Copy();
    std::vector<std::string> names;
    for (const KeyFile& file : ListKeyFiles(to))
        names.push_back(std::to_string(file.number) + file.extension);
    EXPECT_EQ(names, expected);
    EXPECT_TRUE(VerifyCopy().ok());
}

// A cleaner of the other store sees that somebody is at work, also long after a first attempt.
TEST_P(CopyTest, ACopyIsAnnounced) {
    const auto faulty = WithFaults(
        std::make_unique<StoreDoor>(to),
        [&](std::string_view operation, std::string_view name, uint64_t) {
            if (operation == "create" && name.starts_with("objects/")) {
                const Started started = ReadStarted(to, sample.id());
                EXPECT_EQ(started.system_identifier, sample.manifest.cluster.system_identifier);
                EXPECT_GT(started.deadline, Now() + std::chrono::hours(24));
                EXPECT_EQ(started.place, "");
            }
        });
    Started old{"1", "", Now() - std::chrono::hours(200), Now() - std::chrono::hours(40), ""};
    WriteStarted(to, sample.id(), old);
    Copy(sample.store, *faulty);
    EXPECT_TRUE(VerifyCopy().ok());
}

// What it left may be cleaned away, and must not keep a cleaner from anything else.
TEST_P(CopyTest, ACopyThatFailedIsAnnouncedNoMore) {
    sample.store.Remove(sample.data(1).name);
    EXPECT_EQ(Catch([&] { Copy(); }).code, Errc::Damaged);
    EXPECT_LE(ReadStarted(to, sample.id()).deadline, Now());
}

// It says anew that it is at work, however long the last attempt's time would be.
TEST_P(CopyTest, ItAnnouncesItselfThroughTheGate) {
    const Instant before = Now();
    WriteStarted(to, sample.id(), {"1", "", before, before + kLongestRun, ""});
    int passed = 0;
    const CopyGate gate = [&](const std::function<void()>& announce) {
        ++passed;
        EXPECT_EQ(ReadStarted(to, sample.id()).system_identifier, "1");
        announce();
        EXPECT_GT(ReadStarted(to, sample.id()).deadline, before + kLongestRun);
    };
    CopyBackup(sample.store, to, OpenBackup(sample.store, sample.id(), sample.trust), never,
               nullptr, gate);
    EXPECT_EQ(passed, 1);
}

TEST_P(CopyTest, WhatAnotherCopyAnnouncedIsNotWithdrawn) {
    const Instant now = Now();
    const Started others{"1", "", now, now + kLongestRun - std::chrono::hours(1), ""};
    WriteStarted(to, sample.id(), others);
    const auto faulty =
        WithFaults(std::make_unique<StoreDoor>(to),
                   [&](std::string_view operation, std::string_view name, uint64_t) {
                       if (operation != "create" || !name.starts_with("objects/")) return;
                       to.Remove(sample.File(kStartedFile));
                       WriteStarted(to, sample.id(), others);
                       throw StoreError(StoreFault::kPermanent, Errc::StoreRefused, "planned");
                   });
    EXPECT_EQ(Catch([&] { Copy(sample.store, *faulty); }).message, "planned");
    EXPECT_EQ(ReadStarted(to, sample.id()).deadline, others.deadline);
}

// Another copy of this backup has failed, and ended what it wrote over ours; a cleaner came by.
TEST_P(CopyTest, ItCommitsOnlyWhileItIsAnnounced) {
    const std::string gone = sample.data(0).name;
    bool ended = false;
    const auto faulty =
        WithFaults(std::make_unique<StoreDoor>(to),
                   [&](std::string_view operation, std::string_view name, uint64_t) {
                       if (operation == "create" && name == sample.data(1).name && !ended) {
                           to.Remove(sample.File(kStartedFile));
                           WriteStarted(to, sample.id(), {"1", "", Now(), Now(), ""});
                           to.Remove(gone);
                           ended = true;
                       }
                       if (operation == "create" && name == sample.File(kSumsFile)) {
                           EXPECT_GT(ReadStarted(to, sample.id()).deadline, Now());
                       }
                   });
    Copy(sample.store, *faulty);
    EXPECT_TRUE(ended);
    EXPECT_TRUE(VerifyCopy().ok());
    to = MemoryStore();
    WriteRepo(to, kOtherStore, GetParam());
    const auto late =
        WithFaults(std::make_unique<StoreDoor>(to),
                   [&](std::string_view operation, std::string_view name, uint64_t) {
                       if (operation == "create" && name == sample.File(kManifestFile))
                           to.Remove(sample.File(kStartedFile));
                   });
    EXPECT_EQ(Catch([&] { Copy(sample.store, *late); }).code, Errc::WrongState);
    EXPECT_FALSE(IsListed());
}

TEST_P(CopyTest, TheMarkIsTakenBackWhenAnObjectIsMissingRightAfter) {
    const std::string lost = sample.data(0).name;
    const auto faulty =
        WithFaults(std::make_unique<StoreDoor>(to),
                   [&](std::string_view operation, std::string_view name, uint64_t) {
                       if (operation == "create" && name == sample.File(kSumsFile)) to.Remove(lost);
                   });
    EXPECT_EQ(Catch([&] { Copy(sample.store, *faulty); }).message,
              "object " + lost + " is missing");
    EXPECT_FALSE(to.Exists(sample.File(kSumsFile)));
    EXPECT_FALSE(to.Exists(sample.File(kSignatureFile)));
    Copy();
    EXPECT_TRUE(VerifyCopy().ok());
}

// What was there before the announcement may be cleaned away just before it.
TEST_P(CopyTest, ItAnnouncesItselfBeforeItLooksWhatIsThere) {
    bool looked = false;
    const auto faulty =
        WithFaults(std::make_unique<StoreDoor>(to),
                   [&](std::string_view operation, std::string_view name, uint64_t) {
                       if (operation != "stat" || !name.starts_with("objects/")) return;
                       looked = true;
                       EXPECT_TRUE(to.Exists(sample.File(kStartedFile)));
                   });
    Copy(sample.store, *faulty);
    EXPECT_TRUE(looked);
}

TEST_P(CopyTest, AStoreIsMadeWhereThereIsNone) {
    MemoryStore fresh;
    const Backup backup = OpenBackup(sample.store, sample.id(), sample.trust);
    EXPECT_TRUE(CreateStoreFor(fresh, backup));
    EXPECT_FALSE(CreateStoreFor(fresh, backup));
    EXPECT_EQ(ReadRepo(fresh).encryption_required, GetParam());
    EXPECT_NE(ReadRepo(fresh).store_id, sample.source.options.store_id);
    Copy(sample.store, fresh);
    EXPECT_TRUE(VerifyCopy(fresh).ok());
}

class FullStore final : public StoreDoor {
public:
    FullStore(Store& store, uint64_t free) : StoreDoor(store), free_(free) {}
    StoreProperties Properties() override { return {"file:///full", free_, {}}; }

private:
    uint64_t free_;
};

TEST_P(CopyTest, WhatDoesNotFitIsNotBegun) {
    const uint64_t wanted = sample.manifest.totals.total_stored_bytes;
    FullStore full(to, wanted - 1);
    const Thrown thrown = Catch([&] { Copy(sample.store, full); });
    EXPECT_EQ(thrown.code, Errc::DiskFull);
    EXPECT_EQ(thrown.message, "the copy does not fit into store file:///full");
    EXPECT_EQ(to.objects().size(), 2U);
    EXPECT_LE(ReadStarted(to, sample.id()).deadline, Now());
    FullStore enough(to, wanted);
    Copy(sample.store, enough);
    EXPECT_TRUE(VerifyCopy().ok());
}

// Both stores are at home in their own numbers; a copy brings another store's.
TEST_P(CopyTest, TheLatestIsTheLatestSnapshotWhereverItsNumberCounts) {
    MemoryStore other;
    SampleOptions options = Options();
    options.store_id = kOtherStore;
    options.started += std::chrono::hours(1);
    SampleStore own(other, options);
    const Manifest later = own.Take();
    Copy(sample.store, other);
    EXPECT_EQ(ListBackups(other, never).size(), 2U);
    EXPECT_EQ(FindLatest(other, "app", never), later.backup_id);
}

} // namespace
} // namespace lifeboat::test
