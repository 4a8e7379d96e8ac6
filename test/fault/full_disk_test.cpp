// A store whose disk fills up: before, during and at the end of an object. Nothing visible may
// stay, nothing hidden either.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/store/dir_store.h"
#include "support/expect_error.h"
#include "support/system.h"
#include "support/temp_dir.h"

namespace lifeboat::test {
namespace {

namespace fs = std::filesystem;

class FullDisk : public testing::Test {
protected:
    void Mount(const std::string& options) {
        if (!IsRoot()) GTEST_SKIP() << "needs root to mount a small file system";
        system_ = std::make_unique<SmallFileSystem>(directory_.path(), options);
        if (!system_->mounted()) GTEST_SKIP() << "cannot mount here";
        driver_ = std::make_unique<DirStore>(directory_.path());
    }
    size_t Files() const {
        size_t files = 0;
        for (const auto& entry : fs::recursive_directory_iterator(directory_.path()))
            files += entry.is_regular_file() ? 1 : 0;
        return files;
    }
    std::string Where() const {
        return "no space left in store directory \"" + directory_.path() + "\" while writing ";
    }
    static constexpr const char* kHint =
        "Enlarge the file system, or remove backups that are no longer needed.";

    TempDir directory_;
    std::unique_ptr<SmallFileSystem> system_;
    std::unique_ptr<Store> driver_;
};

TEST_F(FullDisk, WhileAnObjectIsWritten) {
    Mount("size=1m,nr_inodes=1000");
    if (IsSkipped()) return;
    const std::string half(500'000, 'x');
    driver_->Put("objects/ab/1", AsBytes(half));
    const Thrown thrown = Catch([&] {
        const auto sink = driver_->Create("objects/ab/2");
        for (int i = 0; i < 100; ++i)
            sink->Write(AsBytes(std::string_view(half).substr(0, 10'000)));
        sink->Finish();
    });
    EXPECT_EQ(thrown.code, Errc::DiskFull);
    EXPECT_EQ(thrown.fault, StoreFault::kPermanent);
    EXPECT_EQ(thrown.message, Where() + "\"objects/ab/2\"");
    EXPECT_TRUE(
        thrown.detail.starts_with("Its file system has 0 B free of 1.05 MB, and room for 99"))
        << thrown.detail;
    EXPECT_EQ(thrown.hint, kHint);
    EXPECT_EQ(Files(), 1U);
    EXPECT_FALSE(driver_->Exists("objects/ab/2"));
    EXPECT_TRUE(driver_->Read("objects/ab/1", half.size()) == half);
    driver_->Remove("objects/ab/1"); // and with room again it goes on
    driver_->Put("objects/ab/2", AsBytes(half));
    EXPECT_TRUE(driver_->Read("objects/ab/2", half.size()) == half);
}

TEST_F(FullDisk, WhenThereIsNoRoomForAnotherFile) {
    Mount("size=1m,nr_inodes=6"); // the root, objects, ab; tmpfs counts a link as well
    if (IsSkipped()) return;
    int created = 0;
    const Thrown thrown = Catch([&] {
        for (; created < 10; ++created)
            driver_->Put("objects/ab/" + std::to_string(created), AsBytes("x"));
    });
    EXPECT_GE(created, 1);
    EXPECT_LE(created, 3);
    EXPECT_EQ(thrown.code, Errc::DiskFull);
    EXPECT_EQ(thrown.message, Where() + "\"objects/ab/" + std::to_string(created) + "\"");
    EXPECT_TRUE(thrown.detail.ends_with(", and room for 0 more files.")) << thrown.detail;
    EXPECT_EQ(Files(), static_cast<size_t>(created));
}

TEST_F(FullDisk, WhenThereIsNoRoomForADirectory) {
    Mount("size=1m,nr_inodes=2");
    if (IsSkipped()) return;
    const Thrown thrown = Catch([&] { driver_->Put("objects/ab/1", AsBytes("x")); });
    EXPECT_EQ(thrown.code, Errc::DiskFull);
    EXPECT_EQ(thrown.message, Where() + "\"objects/ab\"");
    EXPECT_EQ(Files(), 0U);
}

} // namespace
} // namespace lifeboat::test
