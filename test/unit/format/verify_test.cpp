// Verifying a store that has trouble of its own.
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

} // namespace
} // namespace lifeboat
