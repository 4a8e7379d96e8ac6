#include <gtest/gtest.h>

#include "core/format/backup_files.h"
#include "core/store/decorators.h"
#include "support/expect_error.h"
#include "support/sample_backup.h"
#include "support/store_door.h"

namespace lifeboat {
namespace {

using test::Catch;
using test::Sample;
using test::SampleOptions;

// A store with one backup already (database app, sequence 1).
class ListTest : public testing::Test {
protected:
    Manifest Take(const std::string& database, uint32_t oid, uint64_t sequence, int hours,
                  const std::string& system = "7123456789012345678") {
        auto& options = sample.source.options;
        options.database = database;
        options.database_oid = oid;
        options.sequence = sequence;
        options.system_identifier = system;
        options.started = SampleOptions{}.started + std::chrono::hours(hours);
        return sample.source.Take();
    }
    std::vector<std::string> Ids() {
        std::vector<std::string> ids;
        for (const BackupEntry& entry : ListBackups(sample.store, sample.interrupt))
            ids.push_back(entry.backup_id);
        return ids;
    }
    std::string Latest(const std::string& database) {
        return FindLatest(sample.store, database, sample.interrupt);
    }

    Sample sample;
};

TEST_F(ListTest, SortedByStartThenSequence) {
    const auto fourth = Take("app", 16384, 4, 3);
    const auto second = Take("zoo", 16385, 2, 1);
    const auto third = Take("app", 16384, 3, 1);
    EXPECT_EQ(Ids(), (std::vector<std::string>{sample.id(), second.backup_id, third.backup_id,
                                               fourth.backup_id}));
    const auto entries = ListBackups(sample.store, sample.interrupt);
    ASSERT_TRUE(entries[0].manifest);
    const Manifest& listed = *entries[0].manifest;
    EXPECT_EQ(listed.backup_id, sample.id());
    EXPECT_EQ(listed.database.name, sample.manifest.database.name);
    EXPECT_EQ(listed.cluster, sample.manifest.cluster);
    EXPECT_EQ(listed.snapshot_at, sample.manifest.snapshot_at);
    EXPECT_EQ(listed.snapshot_lsn, sample.manifest.snapshot_lsn);
    EXPECT_EQ(listed.signer, sample.manifest.signer);
    EXPECT_EQ(listed.totals, sample.manifest.totals);
    EXPECT_EQ(entries[0].problem, "");
}

TEST_F(ListTest, DebrisIsNotListed) {
    sample.store.Remove(sample.File(kSumsFile));
    EXPECT_TRUE(Ids().empty());
    const auto second = Take("app", 16384, 2, 1);
    sample.store.Remove(BackupFile(second.backup_id, kSignatureFile));
    EXPECT_TRUE(Ids().empty());
    sample.SetText("backups/readme/SHA256SUMS", "x");
    EXPECT_TRUE(Ids().empty());
}

TEST_F(ListTest, DamagedIsListedWithItsProblem) {
    const std::string name = sample.File(kManifestFile);
    const std::string good = sample.text(name);
    const auto problem = [&] {
        const auto entries = ListBackups(sample.store, sample.interrupt);
        EXPECT_EQ(entries.size(), 1U);
        EXPECT_FALSE(entries.at(0).manifest);
        return entries.at(0).problem;
    };
    sample.SetText(name, "{}");
    EXPECT_EQ(problem(), name + " is damaged: It has no list of objects.");
    sample.SetText(name, std::string(good).replace(good.find("sequence"), 8, "SEQUENCE"));
    EXPECT_EQ(problem(), name + " is damaged: sequence is missing.");
    sample.SetText(name, std::string(good).replace(good.find("feboat/1"), 8, "feboat/2"));
    EXPECT_EQ(problem(),
              "the backup's format \"pg_lifeboat/2\" is not known: This version reads "
              "\"pg_lifeboat/1\".");
    sample.store.Remove(name);
    EXPECT_EQ(problem(), name + " is missing");
}

TEST_F(ListTest, LongHeadIsReadToItsEnd) {
    Manifest manifest = sample.manifest;
    for (int i = 0; i < 20000; ++i)
        manifest.extensions.push_back({"extension_" + std::to_string(i), "1.0"});
    sample.SetText(sample.File(kManifestFile), FormatManifest(manifest));
    const auto entries = ListBackups(sample.store, sample.interrupt);
    ASSERT_TRUE(entries.at(0).manifest);
    EXPECT_EQ(entries[0].manifest->totals, manifest.totals); // which stand behind the extensions
}

TEST_F(ListTest, LatestIsTheHighestSequence) {
    EXPECT_EQ(Latest("app"), sample.id());
    EXPECT_EQ(Latest(""), sample.id());
    const auto third = Take("app", 16384, 3, -5); // the clock went back
    Take("app", 16384, 2, 5);
    EXPECT_EQ(Latest("app"), third.backup_id);
}

TEST_F(ListTest, LatestOfNothing) {
    auto thrown = Catch([&] { Latest("zoo"); });
    EXPECT_EQ(thrown.code, Errc::NotFound);
    EXPECT_EQ(thrown.message, "the store holds no backup of database \"zoo\"");
    EXPECT_EQ(thrown.detail, "It holds backups of \"app\".");
    sample.store.Remove(sample.File(kSumsFile));
    thrown = Catch([&] { Latest(""); });
    EXPECT_EQ(thrown.message, "the store holds no backup");
}

TEST_F(ListTest, LatestOfSeveralDatabases) {
    const auto zoo = Take("zoo", 16999, 1, 1);
    EXPECT_EQ(Latest("app"), sample.id());
    EXPECT_EQ(Latest("zoo"), zoo.backup_id);
    const auto thrown = Catch([&] { Latest(""); });
    EXPECT_EQ(thrown.code, Errc::WrongState);
    EXPECT_EQ(thrown.message, "the store holds backups of several databases");
    EXPECT_EQ(thrown.detail,
              "database \"app\" (oid 16384) of system 7123456789012345678: " + sample.id() +
                  "; database \"zoo\" (oid 16999) of system 7123456789012345678: " + zoo.backup_id +
                  ".");
    EXPECT_EQ(thrown.hint, "Name the database, or a backup id instead of \"latest\".");
}

TEST_F(ListTest, LatestOfSeveralChainsWithOneName) {
    const auto other = Take("app", 16384, 9, 1, "42");
    const auto thrown = Catch([&] { Latest("app"); });
    EXPECT_EQ(thrown.code, Errc::WrongState);
    EXPECT_EQ(thrown.message, "the store holds backups of several databases named \"app\"");
    EXPECT_EQ(thrown.detail, "database \"app\" (oid 16384) of system 42: " + other.backup_id +
                                 "; database \"app\" (oid 16384) of system 7123456789012345678: " +
                                 sample.id() + ".");
    EXPECT_EQ(thrown.hint, "Name a backup id instead of \"latest\".");
}

TEST_F(ListTest, LatestOfAForkedChain) {
    Take("app", 16384, 1, 1);
    EXPECT_EQ(Catch([&] { Latest("app"); }).code, Errc::WrongState);
    const auto next = Take("app", 16384, 2, 2);
    EXPECT_EQ(Latest("app"), next.backup_id);
}

TEST_F(ListTest, ARenamedDatabaseGoesByItsNewName) {
    const auto renamed = Take("app_old", 16384, 2, 1);
    const auto fresh = Take("app", 16999, 1, 2);
    EXPECT_EQ(Latest("app"), fresh.backup_id);
    EXPECT_EQ(Latest("app_old"), renamed.backup_id);
}

// All heads of a store are held at once, and nobody has vouched for them.
TEST_F(ListTest, OfAHeadOnlyWhatAListShowsIsKept) {
    const Manifest& listed = *ListBackups(sample.store, sample.interrupt).at(0).manifest;
    EXPECT_FALSE(sample.manifest.settings.empty());
    EXPECT_TRUE(listed.settings.empty());
    EXPECT_TRUE(listed.extensions.empty());
    EXPECT_TRUE(listed.collation_providers.empty());
    EXPECT_TRUE(listed.key_ids.empty());
    EXPECT_TRUE(listed.recipients.empty());
    EXPECT_TRUE(listed.objects.empty());
    EXPECT_EQ(listed.tool, "");
}

TEST_F(ListTest, NoNameOfAListIsLong) {
    std::string text = sample.text(sample.File(kManifestFile));
    const std::string_view member = "\"schedule\": \"";
    ASSERT_NE(text.find(member), std::string::npos);
    text.insert(text.find(member) + member.size(), std::string(2000, 'x'));
    sample.SetText(sample.File(kManifestFile), text);
    const auto entries = ListBackups(sample.store, sample.interrupt);
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_FALSE(entries[0].manifest);
    EXPECT_TRUE(entries[0].problem.starts_with(sample.File(kManifestFile) +
                                               " is damaged: A name in its head has 20"))
        << entries[0].problem;
}

TEST_F(ListTest, PreviousIsTheNewestOfTheChain) {
    Take("zoo", 16999, 7, 1);
    const auto second = Take("app", 16384, 2, 1);
    const auto find = [&](std::string_view system, uint32_t oid) {
        return FindPrevious(
            sample.store, system, oid, {}, [](const PreviousBackup&) { return true; },
            sample.interrupt);
    };
    const Predecessor found = find("7123456789012345678", 16384);
    EXPECT_EQ(found.sequence, 2U);
    ASSERT_TRUE(found.previous);
    EXPECT_EQ(found.previous->backup_id, second.backup_id);
    EXPECT_EQ(found.previous->sums,
              Sha256Of(sample.bytes(BackupFile(second.backup_id, kSumsFile))));
    EXPECT_EQ(find("7123456789012345678", 1).sequence, 0U);
    EXPECT_FALSE(find("7123456789012345678", 1).previous);
    EXPECT_EQ(find("1", 16384).sequence, 0U);
}

// Anybody who writes to the store can put a manifest with a higher number there.
TEST_F(ListTest, PreviousIsOneThatIsVouchedFor) {
    const auto second = Take("app", 16384, 2, 1);
    const auto forged = Take("app", 16384, 9, 2);
    std::vector<std::string> asked;
    const Predecessor found = FindPrevious(
        sample.store, "7123456789012345678", 16384, {},
        [&](const PreviousBackup& backup) {
            asked.push_back(backup.backup_id);
            return backup.backup_id != forged.backup_id;
        },
        sample.interrupt);
    EXPECT_EQ(found.sequence, 9U);
    ASSERT_TRUE(found.previous);
    EXPECT_EQ(found.previous->backup_id, second.backup_id);
    EXPECT_EQ(asked, (std::vector<std::string>{forged.backup_id, second.backup_id}));
}

// The manifests of these two are spoilt, and nobody asks for them.
TEST_F(ListTest, PreviousAsksForNoManifestThatIsKnown) {
    const auto first = Take("app", 16384, 2, 1);
    const auto second = Take("app", 16384, 3, 2);
    const auto other = Take("zoo", 16999, 7, 1);
    for (const Manifest& manifest : {second, other})
        sample.store.objects()[BackupFile(manifest.backup_id, kManifestFile)].clear();
    const auto find = [&](const KnownBackups& known) {
        const auto door =
            WithFaults(std::make_unique<test::StoreDoor>(sample.store),
                       [&](std::string_view operation, std::string_view name, uint64_t) {
                           if (operation != "get" || !name.ends_with(kManifestFile)) return;
                           for (const auto& [id, number] : known)
                               EXPECT_NE(name, BackupFile(id, kManifestFile));
                       });
        const Predecessor found = FindPrevious(
            *door, "7123456789012345678", 16384, known, [](const PreviousBackup&) { return true; },
            sample.interrupt);
        return std::pair(found.sequence, found.previous ? found.previous->backup_id : "");
    };
    EXPECT_EQ(find({}), std::pair(uint64_t{2}, first.backup_id));
    EXPECT_EQ(find({{second.backup_id, {3, true}}, {other.backup_id, {std::nullopt, true}}}),
              std::pair(uint64_t{3}, second.backup_id));
    // What the store does not have does not count, however well it is known.
    EXPECT_EQ(find({{"app-20261121T021500Z-full-00000000", {9, false}}}),
              std::pair(uint64_t{2}, first.backup_id));
    EXPECT_EQ(find({{second.backup_id, {2'000'000'000'000, false}}}),
              std::pair(uint64_t{2}, first.backup_id));
}

// Of a prune that was killed: its row is there still.
TEST_F(ListTest, WhatIsHalfDeletedPrecedesNothing) {
    const auto first = Take("app", 16384, 2, 1);
    const auto second = Take("app", 16384, 3, 2);
    const auto previous = [&] {
        return FindPrevious(
                   sample.store, "7123456789012345678", 16384, {{second.backup_id, {3, true}}},
                   [](const PreviousBackup&) { return true; }, sample.interrupt)
            .previous->backup_id;
    };
    EXPECT_EQ(previous(), second.backup_id);
    sample.store.Remove(BackupFile(second.backup_id, kSignatureFile));
    EXPECT_EQ(previous(), first.backup_id);
}

TEST_F(ListTest, WhatIsDeletedMeanwhilePrecedesNothing) {
    const auto first = Take("app", 16384, 2, 1);
    const auto second = Take("app", 16384, 3, 2);
    const auto door = WithFaults(std::make_unique<test::StoreDoor>(sample.store),
                                 [&](std::string_view operation, std::string_view name, uint64_t) {
                                     const std::string sums =
                                         BackupFile(second.backup_id, kSumsFile);
                                     if (operation == "get" && name == sums)
                                         sample.store.Remove(sums);
                                 });
    const Predecessor found = FindPrevious(
        *door, "7123456789012345678", 16384, {}, [](const PreviousBackup&) { return true; },
        sample.interrupt);
    EXPECT_EQ(found.sequence, 3U);
    ASSERT_TRUE(found.previous);
    EXPECT_EQ(found.previous->backup_id, first.backup_id);
}

TEST_F(ListTest, StartedRoundTrip) {
    const Started started = ReadStarted(sample.store, sample.id());
    EXPECT_EQ(started.system_identifier, "7123456789012345678");
    EXPECT_EQ(started.place, "");
    EXPECT_EQ(started.reference_backup, "");
    EXPECT_EQ(started.at, sample.manifest.started);
    EXPECT_EQ(started.deadline, sample.manifest.started + std::chrono::hours(1));
}

TEST_F(ListTest, StartedSaysItsPlace) {
    const std::string id = "app-20261121T021500Z-full-00000000";
    Started started{"1", "", sample.manifest.started, sample.manifest.finished};
    started.place = std::string(64, 'a');
    WriteStarted(sample.store, id, started);
    EXPECT_EQ(ReadStarted(sample.store, id).place, started.place);
}

class CommitTest : public testing::Test {
protected:
    Errc Commit(Manifest manifest, const std::vector<TocEntry>& toc) {
        thrown = Catch([&] {
            CommitBackup(sample.store, std::move(manifest), toc, sample.source.run_key(), nullptr,
                         sample.interrupt);
        });
        return thrown.code;
    }
    void RemoveCommitted() {
        for (const auto file : {kTocFile, kManifestFile, kSumsFile, kSignatureFile})
            sample.store.Remove(sample.File(file));
    }
    Sample sample;
    test::Thrown thrown;
};

TEST_F(CommitTest, LooksEveryObjectUpOnceMore) {
    RemoveCommitted();
    sample.store.Remove(sample.data(1).name);
    EXPECT_EQ(Commit(sample.manifest, sample.source.toc()), Errc::Damaged);
    EXPECT_EQ(thrown.message, "object " + sample.data(1).name + " is missing");
    EXPECT_FALSE(sample.store.Exists(sample.File(kSumsFile)));
}

TEST_F(CommitTest, NeverOverwrites) {
    EXPECT_EQ(Commit(sample.manifest, sample.source.toc()), Errc::Duplicate);
    EXPECT_EQ(sample.Verify().problems, std::vector<std::string>{});
}

TEST_F(CommitTest, RefusesATocThatIsNotTheManifests) {
    RemoveCommitted();
    const auto toc = sample.source.toc();
    const auto detail = [&](const std::vector<TocEntry>& edited) {
        EXPECT_EQ(Commit(sample.manifest, edited), Errc::Damaged);
        EXPECT_EQ(thrown.message, "object " + sample.File(kTocFile) + " is damaged");
        return thrown.detail;
    };
    auto edited = toc;
    edited.erase(edited.end() - 2);
    EXPECT_EQ(detail(edited),
              "It has no line for " + toc[toc.size() - 2].object + ", which the manifest lists.");
    edited = toc;
    edited.push_back(toc.back());
    EXPECT_EQ(detail(edited), "Its line of kind post for " + toc[2].object +
                                  " does not follow one of kind schema.");
    edited = toc;
    edited.insert(edited.begin() + 4, toc[3]);
    EXPECT_EQ(detail(edited),
              "Its line for " + toc[3].object + " is not where the manifest lists that object.");
    edited = toc;
    edited[3].detail.rows = 7;
    EXPECT_EQ(detail(edited), "It says that the number of rows of " + toc[3].object +
                                  " is 7, the manifest says 25.");
    edited = toc;
    edited[3].statement = "COPY public.other (id) FROM stdin";
    EXPECT_EQ(detail(edited),
              "The statement of " + toc[3].object +
                  " is for \"public\".\"other\", its relation is \"public\".\"orders\".");
    edited[3].detail.root_schema = "public";
    edited[3].detail.root_name = "other";
    RemoveCommitted();
    EXPECT_EQ(Commit(sample.manifest, edited), Errc::Internal); // nothing was thrown
    EXPECT_EQ(thrown.message, "nothing was thrown");
}

TEST_F(CommitTest, RefusesAManifestThatDoesNotReadBack) {
    RemoveCommitted();
    Manifest manifest = sample.manifest;
    manifest.snapshot_lsn = "nonsense";
    EXPECT_EQ(Commit(manifest, sample.source.toc()), Errc::Damaged);
    EXPECT_EQ(thrown.detail, "snapshot.lsn is not an LSN like 0/15872D8.");
    EXPECT_FALSE(sample.store.Exists(sample.File(kSumsFile)));
}

// What no list could read must not be committed.
TEST_F(CommitTest, RefusesAHeadThatNobodyReads) {
    RemoveCommitted();
    Manifest manifest = sample.manifest;
    manifest.settings["x"] = std::string(17 << 20, 'x');
    EXPECT_EQ(Commit(manifest, sample.source.toc()), Errc::LimitExceeded);
    EXPECT_TRUE(thrown.message.starts_with("the manifest's head would have 178")) << thrown.message;
    EXPECT_EQ(thrown.detail, "At most 16777216 are read before its list of objects.");
    EXPECT_FALSE(sample.store.Exists(sample.File(kManifestFile)));
}

TEST(VerifyLevels, Names) {
    for (const auto level : {VerifyLevel::kPresent, VerifyLevel::kChecksum, VerifyLevel::kContent})
        EXPECT_EQ(ParseVerifyLevel(VerifyLevelName(level)), level);
    EXPECT_FALSE(ParseVerifyLevel("restore"));
}

} // namespace
} // namespace lifeboat
