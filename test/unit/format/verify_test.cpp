// Verifying a store that has trouble of its own.
#include <gtest/gtest.h>

#include "core/format/backup_files.h"
#include "core/format/key_rotation.h"
#include "core/format/keyring.h"
#include "core/store/decorators.h"
#include "support/expect_error.h"
#include "support/interrupt_after.h"
#include "support/sample_backup.h"
#include "support/store_door.h"

namespace lifeboat {
namespace {

using test::Catch;
using test::Sample;

using Problems = std::vector<std::string>;

// The store has the object and cannot read it: a bad sector, a permission.
TEST(Verify, AnUnreadableObjectIsAProblemOfThatObject) {
    Sample sample;
    const std::string bad = sample.data(1).name;
    bool away = false;
    const auto store = WithFaults(
        std::make_unique<test::StoreDoor>(sample.store),
        [&](std::string_view operation, std::string_view name, uint64_t) {
            if (operation == "list" || (!away && name != bad)) return;
            if (away && name != bad && name != sample.File(kManifestFile)) return;
            throw StoreError(StoreFault::kPermanent, Errc::StoreRefused,
                             "could not read " + std::string(name) + ": Input/output error");
        });
    const auto verify = [&] {
        return VerifyBackup(*store, sample.id(), sample.trust, &sample.keys, VerifyLevel::kContent,
                            sample.interrupt, nullptr);
    };
    const auto report = verify();
    EXPECT_EQ(report.problems, Problems{"could not read " + bad + ": Input/output error"});
    EXPECT_EQ(report.objects, sample.manifest.objects.size() + 1); // the rest was verified
    away = true; // from the start: then nothing can be said of the backup
    EXPECT_EQ(Catch([&] { verify(); }).code, Errc::StoreRefused);
}

// Objects are looked up together; each that is not as it should be is named all the same.
TEST(Verify, PresentNamesEachThatIsMissing) {
    Sample sample;
    const std::string lost = sample.data(0).name;
    const std::string cut = sample.data(1).name;
    sample.store.Remove(lost);
    sample.store.objects()[cut].pop_back();
    const auto report = VerifyBackup(sample.store, sample.id(), sample.trust, &sample.keys,
                                     VerifyLevel::kPresent, sample.interrupt, nullptr);
    EXPECT_EQ(report.objects, sample.manifest.objects.size() + 1);
    EXPECT_EQ(report.bytes, sample.manifest.totals.stored_bytes);
    ASSERT_EQ(report.problems.size(), 2U);
    EXPECT_TRUE(report.problems[0].starts_with("object " + lost + " is missing"))
        << report.problems[0];
    EXPECT_TRUE(report.problems[1].starts_with("object " + cut + " is damaged: It has "))
        << report.problems[1];
}

TEST(Verify, ACancelIsHeardWhereverItComes) {
    Sample sample;
    for (const VerifyLevel level : {VerifyLevel::kPresent, VerifyLevel::kContent}) {
        for (int at = 0; at < 3; ++at) {
            test::InterruptAfter interrupt(at);
            const auto thrown = Catch([&] {
                VerifyBackup(sample.store, sample.id(), sample.trust, &sample.keys, level,
                             interrupt, nullptr);
            });
            EXPECT_EQ(thrown.code, Errc::Cancelled) << VerifyLevelName(level) << " at " << at;
        }
    }
}

// As Amazon does: "denied" to who may only put and get, for lists and for what is not there.
std::unique_ptr<Store> WithoutLists(MemoryStore& store) {
    return WithFaults(std::make_unique<test::StoreDoor>(store),
                      [&store](std::string_view operation, std::string_view name, uint64_t) {
                          if (operation == "list" ||
                              ((operation == "get" || operation == "stat") && !store.Exists(name)))
                              throw StoreError(StoreFault::kPermanent, Errc::StoreDenied,
                                               "could not " + std::string(operation) + " \"" +
                                                   std::string(name) + "\"");
                      });
}

TEST(Verify, WhoMayNotListReadsAllTheSame) {
    Sample sample;
    const auto store = WithoutLists(sample.store);
    Keyring ring(*store);
    ring.AddServerSecret(test::SampleSecret());
    const auto verify = [&](const std::string& id) {
        return VerifyBackup(*store, id, sample.trust, &ring, VerifyLevel::kContent,
                            sample.interrupt, nullptr);
    };
    EXPECT_EQ(verify(sample.id()).problems, Problems{});
    const auto thrown = Catch([&] { verify("app-20200101T000000Z-full-00000000"); });
    EXPECT_EQ(thrown.code, Errc::StoreDenied);
    EXPECT_EQ(thrown.message,
              "there is no backup \"app-20200101T000000Z-full-00000000\" in the "
              "store, or it is denied");
}

TEST(Verify, WhoMayNotListFindsARotatedKey) {
    Sample sample;
    RotateRunKey(sample.store, sample.source.run_key(), {}, test::SampleSecret());
    RotateRunKey(sample.store, sample.source.run_key(), {}, test::SampleSecret());
    const auto store = WithoutLists(sample.store);
    const auto files = KeyFilesOf(*store, sample.source.run_key().Id());
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(files.front().number, 3);
    EXPECT_TRUE(KeyFilesOf(*store, KeyId{}).empty());
}

TEST(Verify, OfTwoNumbersOfAKeyTheHigherIsTheFirst) {
    Sample sample;
    const KeyId id = sample.source.run_key().Id();
    for (const char* kept : {"cms", "srv"}) {
        const std::string first = sample.store.Read(KeyFileName(id, 1, kept), 1 << 20);
        sample.store.Put(KeyFileName(id, 2, kept), AsBytes(first));
    }
    std::vector<std::string> names;
    for (const KeyFile& file : KeyFilesOf(sample.store, id))
        names.push_back(KeyFileName(file.id, file.number, file.extension));
    EXPECT_EQ(names,
              (std::vector<std::string>{KeyFileName(id, 2, "srv"), KeyFileName(id, 2, "cms"),
                                        KeyFileName(id, 1, "srv"), KeyFileName(id, 1, "cms")}));
}

} // namespace
} // namespace lifeboat
