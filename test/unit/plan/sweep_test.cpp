// Backups leave a store, interrupted before every single call to it.
#include "core/plan/sweep.h"

#include <gtest/gtest.h>

#include "core/store/decorators.h"
#include "support/sample_backup.h"
#include "support/store_door.h"

namespace lifeboat {
namespace {

using std::chrono::hours;

constexpr char kLive[] = "app-20261120T061500Z-full-0000abcd";

Buffer BufferOf(std::string_view text) {
    const Bytes bytes = AsBytes(text);
    return {bytes.begin(), bytes.end()};
}

struct Stopped {}; // no error of ours: it must come through everywhere

class SweepTest : public testing::Test {
protected:
    SweepTest() : source_(store_, {}) {
        source_.options.started = std::chrono::floor<std::chrono::seconds>(Now()) - hours{48};
        for (Manifest& backup : backups_) {
            backup = source_.Take();
            source_.options.sequence += 1;
            source_.options.started += hours{1};
        }
        us_.system_identifier = source_.options.system_identifier;
        us_.place = std::string(64, 'a');
        us_.at = Now();
    }

    // `left` calls come through.
    std::unique_ptr<Store> Door(int left) {
        return WithFaults(std::make_unique<test::StoreDoor>(store_),
                          [left](std::string_view, std::string_view, uint64_t) mutable {
                              if (left-- == 0) throw Stopped{};
                          });
    }

    // Of a run that was killed before its sums; returns its id.
    std::string AddDebris() {
        std::string id = source_.Take().backup_id;
        store_.Remove(BackupFile(id, kSignatureFile));
        store_.Remove(BackupFile(id, kSumsFile));
        Started started = ReadStarted(store_, id);
        started.place = us_.place;
        store_.Remove(BackupFile(id, kStartedFile));
        WriteStarted(store_, id, started);
        us_.ended.insert(id);
        return id;
    }

    void AddLive(const Started& started) { WriteStarted(store_, kLive, started); }

    SweepReport Prune(Store& store, const std::set<std::string>& ids) {
        Sweeper us = us_;
        for (const std::string& id : ids) {
            TakeMark(store, id, interrupt_);
            us.deleted.insert(id);
        }
        return Sweep(store, us, interrupt_);
    }

    // Every manifest's objects are there, committed or not.
    void ExpectNoManifestLacksAnything() {
        for (const auto& [name, bytes] : store_.objects()) {
            if (!name.ends_with(kManifestFile)) continue;
            const Manifest manifest = ParseManifest(AsText(bytes));
            for (const ObjectRecord& record : manifest.objects)
                EXPECT_TRUE(store_.objects().contains(record.name)) << name;
            for (const KeyId& key : manifest.key_ids)
                EXPECT_TRUE(store_.objects().contains(KeyFileName(key, 1, "cms"))) << name;
        }
    }

    // And nothing else.
    void ExpectOnly(const std::set<const Manifest*>& left) {
        std::set<std::string> wanted = {std::string(kRepoName)};
        for (const Manifest* backup : left) {
            for (const ObjectRecord& record : backup->objects) wanted.insert(record.name);
            for (const KeyId& key : backup->key_ids)
                wanted.merge(std::set{KeyFileName(key, 1, "cms"), KeyFileName(key, 1, "srv")});
            for (const std::string_view file :
                 {kStartedFile, kManifestFile, kTocFile, kSumsFile, kSignatureFile})
                wanted.insert(BackupFile(backup->backup_id, file));
        }
        std::set<std::string> there;
        for (const auto& [name, bytes] : store_.objects()) there.insert(name);
        EXPECT_EQ(there, wanted);
    }

    [[nodiscard]] const std::string& id(size_t n) const { return backups_[n].backup_id; }

    MemoryStore store_;
    test::SampleStore source_;
    Manifest backups_[3];
    Sweeper us_;
    NeverInterrupted interrupt_;
};

TEST_F(SweepTest, LeavesNothingOfWhatWasPruned) {
    const std::string dead = AddDebris();
    const SweepReport report = Prune(store_, {id(0), id(1)});
    ExpectOnly({&backups_[2]});
    EXPECT_EQ(report.folders, std::vector<std::string>({id(0), id(1), dead}));
    EXPECT_TRUE(report.all);
    // Of each, and of the dead run: its objects and two key files.
    EXPECT_EQ(report.objects, 3 * (backups_[0].objects.size() + 2));
    Trust trust;
    trust.allow_untrusted = true;
    EXPECT_TRUE(
        VerifyBackup(store_, id(2), trust, nullptr, VerifyLevel::kChecksum, interrupt_, nullptr)
            .ok());
    EXPECT_EQ(Sweep(store_, us_, interrupt_).objects, 0U);
}

TEST_F(SweepTest, InterruptedBeforeEveryCallTheNextOneFinishes) {
    AddDebris();
    const auto before = store_.objects();
    for (int calls = 0;; ++calls) {
        store_.objects() = before;
        bool stopped = false;
        try {
            Prune(*Door(calls), {id(0), id(1)});
        } catch (const Stopped&) {
            stopped = true;
        }
        ExpectNoManifestLacksAnything();
        // The catalog knows what is to go; where it does not, the folders do.
        if (calls % 2 == 0 || store_.objects().contains(BackupFile(id(0), kSumsFile)) ||
            store_.objects().contains(BackupFile(id(1), kSumsFile)) ||
            store_.objects().contains(BackupFile(id(1), kManifestFile))) {
            Prune(store_, {id(0), id(1)});
        } else {
            Sweep(store_, us_, interrupt_);
        }
        ExpectOnly({&backups_[2]});
        if (HasFailure()) FAIL() << "stopped after " << calls << " calls";
        if (!stopped) {
            EXPECT_GT(calls, 40);
            return;
        }
    }
}

TEST_F(SweepTest, ObjectsOfOthersStay) {
    // What one names that is younger than a run at work, wherever that is.
    AddLive({"8", "", us_.at - hours{1}, us_.at + hours{1}, std::string(64, 'c')});
    const std::string fresh = MakeObjectName(true);
    store_.Put(fresh, AsBytes("rows"));
    const SweepReport report = Prune(store_, {id(0)});
    EXPECT_FALSE(report.all);
    EXPECT_EQ(report.objects, 0U) << "all in this store was written a moment ago";
    EXPECT_TRUE(store_.objects().contains(fresh));
    EXPECT_TRUE(store_.objects().contains(BackupFile(id(0), kStartedFile))) << "for the next one";
    EXPECT_FALSE(store_.objects().contains(BackupFile(id(0), kManifestFile)));
    store_.Remove(BackupFile(kLive, kStartedFile));
    store_.Remove(fresh);
    Prune(store_, {id(0)});
    ExpectOnly({&backups_[1], &backups_[2]});
}

TEST_F(SweepTest, SharedObjectsStayWhileOneNamesThem) {
    // The second names all that the first has, too: its sums and its manifest as an incremental's.
    Manifest manifest = backups_[1];
    manifest.objects.insert(manifest.objects.end(), backups_[0].objects.begin(),
                            backups_[0].objects.end());
    manifest.key_ids.insert(manifest.key_ids.end(), backups_[0].key_ids.begin(),
                            backups_[0].key_ids.end());
    manifest.totals = ComputeTotals(manifest);
    manifest.totals.tables = backups_[1].totals.tables;
    const std::string text = FormatManifest(manifest);
    store_.objects()[BackupFile(id(1), kManifestFile)] = BufferOf(text);
    Prune(store_, {id(0)});
    ExpectNoManifestLacksAnything();
    Prune(store_, {id(1)});
    ExpectOnly({&backups_[2]});
}

TEST_F(SweepTest, NothingGoesWhileOneManifestCannotBeRead) {
    for (const std::string_view file : {kManifestFile, kSumsFile}) {
        const auto before = store_.objects();
        const std::string broken = "nothing";
        store_.objects()[BackupFile(id(2), file)] = BufferOf(broken);
        const SweepReport report = Prune(store_, {id(0)});
        EXPECT_EQ(report.unreadable, id(2));
        EXPECT_EQ(report.objects, 0U);
        for (const ObjectRecord& record : backups_[0].objects)
            EXPECT_TRUE(store_.objects().contains(record.name));
        EXPECT_FALSE(store_.objects().contains(BackupFile(id(0), kSumsFile))) << "it is none now";
        store_.objects() = before;
    }
    Prune(store_, {id(0)});
    ExpectOnly({&backups_[1], &backups_[2]});
}

TEST_F(SweepTest, ABackupOfOursThatHasLostSomethingStaysWithAllObjects) {
    us_.catalog = us_.own = {id(0), id(1), id(2)};
    us_.ended = us_.catalog;
    const std::string dead = AddDebris();
    for (const std::vector<std::string_view>& lost : std::vector<std::vector<std::string_view>>{
             {kSumsFile},
             {kSumsFile, kManifestFile},
             {kSumsFile, kManifestFile, kStartedFile, kTocFile, kSignatureFile}}) {
        const auto before = store_.objects();
        for (const std::string_view file : lost) store_.Remove(BackupFile(id(2), file));
        const auto suffered = store_.objects();
        const SweepReport report = Prune(store_, {id(0)});
        EXPECT_EQ(report.unreadable, id(2));
        EXPECT_EQ(report.objects, 0U);
        for (const auto& [name, bytes] : suffered) {
            const bool gone = name.starts_with("backups/" + id(0)) || name.find(dead) != name.npos;
            EXPECT_TRUE(gone || store_.objects().contains(name)) << name;
        }
        store_.objects() = before;
    }
    us_.own.erase(id(2)); // imported: its cluster has deleted it
    for (const std::string_view file :
         {kSumsFile, kManifestFile, kStartedFile, kTocFile, kSignatureFile})
        store_.Remove(BackupFile(id(2), file));
    Prune(store_, {id(0)});
    ExpectOnly({&backups_[1]});
}

TEST_F(SweepTest, WhatAManifestWithoutSumsNamesIsUsed) {
    for (const char* const identifier : {"", "8", source_.options.system_identifier.c_str()}) {
        const auto before = store_.objects();
        us_.system_identifier = identifier;
        store_.Remove(BackupFile(id(2), kSumsFile));
        const auto suffered = store_.objects();
        EXPECT_EQ(Prune(store_, {id(0)}).unreadable, "");
        ExpectNoManifestLacksAnything();
        for (const auto& [name, bytes] : suffered) {
            EXPECT_TRUE(!name.starts_with("backups/" + id(2)) || store_.objects().contains(name))
                << name;
        }
        for (const ObjectRecord& record : backups_[0].objects)
            EXPECT_FALSE(store_.objects().contains(record.name));
        store_.objects() = suffered;
        Buffer& manifest = store_.objects()[BackupFile(id(2), kManifestFile)];
        manifest.resize(manifest.size() - 2); // not whole: it may have named more
        EXPECT_EQ(Prune(store_, {id(0)}).unreadable, id(2));
        store_.objects() = before;
    }
}

TEST_F(SweepTest, AKeyStaysThoughADigitOfItsNameHasSuffered) {
    Buffer& bytes = store_.objects()[BackupFile(id(2), kManifestFile)];
    std::string text(AsText(bytes));
    const size_t key_ids = text.find("\"key_ids\"");
    ASSERT_NE(key_ids, text.npos);
    const std::string key = ToHex(backups_[2].key_ids[0]);
    char& digit = text[text.find(key, key_ids)];
    digit = digit == '0' ? '1' : '0';
    bytes = BufferOf(text);
    Prune(store_, {id(0)});
    for (const char* kind : {"cms", "srv"})
        EXPECT_TRUE(store_.objects().contains(KeyFileName(backups_[2].key_ids[0], 1, kind)));
}

TEST_F(SweepTest, WhatWasDeletedLooksLikeNoRunAtWork) {
    store_.Remove(BackupFile(id(0), kStartedFile));
    WriteStarted(store_, id(0), {"8", "", us_.at, us_.at + hours{24 * 6}, std::string(64, 'c')});
    TakeMark(store_, id(0), interrupt_);
    EXPECT_EQ(ReadStarted(store_, id(0)).place, std::string(64, 'c'));
    Sweeper anybody; // who was not there
    Sweep(store_, anybody, interrupt_);
    ExpectOnly({&backups_[1], &backups_[2]});
}

TEST_F(SweepTest, WhoeverSweepsNextFinishesWhatWasBegun) {
    const auto stops = WithFaults(std::make_unique<test::StoreDoor>(store_),
                                  [](std::string_view operation, std::string_view name, uint64_t) {
                                      if (operation == "remove" && name.ends_with(kManifestFile))
                                          throw Stopped{};
                                  });
    EXPECT_THROW(TakeMark(*stops, id(0), interrupt_), Stopped);
    EXPECT_TRUE(store_.objects().contains(BackupFile(id(0), kManifestFile)));
    EXPECT_FALSE(store_.objects().contains(BackupFile(id(0), kSumsFile)));
    Sweeper anybody;
    Sweep(store_, anybody, interrupt_);
    ExpectOnly({&backups_[1], &backups_[2]});
}

TEST_F(SweepTest, AFullDiskCanBePruned) {
    store_.Remove(BackupFile(id(0), kStartedFile));
    WriteStarted(store_, id(0), {"8", "", us_.at, us_.at + hours{24 * 6}, std::string(64, 'c')});
    const auto full = WithFaults(std::make_unique<test::StoreDoor>(store_),
                                 [](std::string_view operation, std::string_view, uint64_t) {
                                     if (operation == "create")
                                         throw StoreError(StoreFault::kPermanent, Errc::DiskFull,
                                                          "no space left");
                                 });
    Prune(*full, {id(0)});
    ExpectOnly({&backups_[1], &backups_[2]});
}

TEST_F(SweepTest, References) {
    AddLive({"8", id(1), us_.at - hours{1}, us_.at + hours{1}, std::string(64, 'c')});
    EXPECT_EQ(LiveReferences(store_, us_, interrupt_), std::set<std::string>{id(1)});
    us_.at += hours{2};
    EXPECT_EQ(LiveReferences(store_, us_, interrupt_), std::set<std::string>{});
}

TEST_F(SweepTest, WithNothingToDoOnlyFoldersAreListed) {
    for (const size_t unsigned_one : {0, 1})
        store_.Remove(BackupFile(id(unsigned_one), kSignatureFile));
    us_.catalog = us_.ended = {id(0)}; // of the other it is not known who has made it
    std::vector<std::string> calls;
    const auto door =
        WithFaults(std::make_unique<test::StoreDoor>(store_),
                   [&](std::string_view operation, std::string_view name, uint64_t) {
                       calls.push_back(std::string(operation) + " " + std::string(name));
                   });
    Sweep(*door, us_, interrupt_);
    EXPECT_EQ(calls, std::vector<std::string>{"list backups"});
}

} // namespace
} // namespace lifeboat
