#include "core/format/names.h"

#include <gtest/gtest.h>

namespace lifeboat {
namespace {

constexpr Instant kStart{std::chrono::seconds(1795140900)};

TEST(StoreName, AcceptsWhatAStoreHolds) {
    EXPECT_TRUE(IsStoreName("repo.json"));
    EXPECT_TRUE(IsStoreName("objects/ab/ab00000000000000000000000000000f.zst"));
    EXPECT_TRUE(IsStoreName("backups/app-20261120T021500Z-full-9f3c01aa/SHA256SUMS.sig"));
    EXPECT_TRUE(IsStoreName("backups/app-20261120T021500Z-full-9f3c01aa/toc"));
}

TEST(StoreName, RefusesTheRest) {
    for (const char* name : {"", "/", "/etc/passwd", "a/", "a//b", "..", "a/../b", ".", "a/.", "A",
                             "a b", "a\nb", "a\\b", "SHA256SUMS2", "caf\xC3\xA9", "a:b"})
        EXPECT_FALSE(IsStoreName(name)) << name;
    EXPECT_FALSE(IsStoreName(std::string("a\0b", 3)));
    EXPECT_TRUE(IsStoreName(std::string(512, 'a')));
    EXPECT_FALSE(IsStoreName(std::string(513, 'a')));
}

TEST(BackupId, IsMadeOfSlugTimeTypeAndRandom) {
    const std::string id = MakeBackupId("app", kStart, BackupType::kFull);
    EXPECT_EQ(id.substr(0, id.size() - 8), "app-20261120T021500Z-full-");
    EXPECT_TRUE(IsBackupId(id));
    EXPECT_EQ(BackupIdStart(id), "20261120T021500Z");
    for (const BackupType type :
         {BackupType::kFull, BackupType::kIncremental, BackupType::kDifferential})
        EXPECT_EQ(BackupIdType(MakeBackupId("app-full", Instant{}, type)), type);
    EXPECT_NE(id, MakeBackupId("app", kStart, BackupType::kFull));
}

TEST(BackupId, SlugIsLowerCaseAndShort) {
    const auto slug = [](std::string_view database) {
        const std::string id = MakeBackupId(database, kStart, BackupType::kDifferential);
        EXPECT_TRUE(IsBackupId(id)) << id;
        return id.substr(0, id.find('-'));
    };
    EXPECT_EQ(slug("My-Shop 2"), "my_shop_2");
    EXPECT_EQ(slug("../etc"), "___etc");
    EXPECT_EQ(slug("host=x port=1"), "host_x_port_1");
    EXPECT_EQ(slug("caf\xC3\xA9"), "caf__");
    EXPECT_EQ(slug(std::string(63, 'X')), std::string(40, 'x'));
}

TEST(BackupId, RefusesTheRest) {
    for (const char* id :
         {"", "app", "app-20261120T021500Z-full", "app-20261120T021500Z-full-9f3c01a",
          "app-20261120T021500Z-full-9f3c01aG", "app-20261120T021500Z-half-9f3c01aa",
          "app-20261120t021500z-full-9f3c01aa", "-20261120T021500Z-full-9f3c01aa",
          "App-20261120T021500Z-full-9f3c01aa", "a-b-20261120T021500Z-full-9f3c01aa",
          "app-2026112XT021500Z-full-9f3c01aa", "app-20261120T021500Z-full-9f3c01aa/"})
        EXPECT_FALSE(IsBackupId(id)) << id;
}

TEST(BackupTypeNames, RoundTrip) {
    for (const auto type : {BackupType::kFull, BackupType::kIncremental, BackupType::kDifferential})
        EXPECT_EQ(ParseBackupType(BackupTypeName(type)), type);
    EXPECT_FALSE(ParseBackupType("Full"));
}

TEST(ObjectName, SaysWhetherItIsEncrypted) {
    const std::string sealed = MakeObjectName(true);
    EXPECT_TRUE(IsObjectName(sealed));
    EXPECT_EQ(sealed.size(), 43U);
    EXPECT_EQ(ObjectIdOf(sealed), sealed.substr(11));
    const std::string clear = MakeObjectName(false);
    EXPECT_TRUE(IsObjectName(clear));
    EXPECT_TRUE(clear.ends_with(".zst"));
    EXPECT_EQ(ObjectIdOf(clear), clear.substr(11, 32));
    const std::string lz4 = MakeObjectName(false, Codec::kLz4);
    EXPECT_TRUE(IsObjectName(lz4));
    EXPECT_TRUE(lz4.ends_with(".lz4"));
    EXPECT_EQ(ObjectIdOf(lz4), lz4.substr(11, 32));
    EXPECT_EQ(MakeObjectName(true, Codec::kLz4).size(), 43U);
    EXPECT_TRUE(IsClearName(clear) && IsClearName(lz4));
    EXPECT_FALSE(IsClearName(sealed));
}

TEST(ObjectName, RefusesTheRest) {
    for (const char* name :
         {"objects/ab/ab00000000000000000000000000000",
          "objects/ab/ac00000000000000000000000000000f",
          "objects/ab/ab00000000000000000000000000000F",
          "objects/ab/../00000000000000000000000000f",
          "objects/ab/ab00000000000000000000000000000f.gz", "ab/ab00000000000000000000000000000f",
          "objects/ab/ab00000000000000000000000000000f.zst.zst"})
        EXPECT_FALSE(IsObjectName(name)) << name;
}

TEST(KeyFileNames, RoundTrip) {
    KeyId id{};
    id[0] = std::byte{0xAB};
    const std::string name = KeyFileName(id, 12, "srv");
    EXPECT_EQ(name, "keys/ab000000000000000000000000000000.12.srv");
    const auto file = ParseKeyFileName(name);
    ASSERT_TRUE(file);
    EXPECT_EQ(file->id, id);
    EXPECT_EQ(file->number, 12);
    EXPECT_EQ(file->extension, "srv");
}

TEST(KeyFileNames, RefusesTheRest) {
    const std::string id = "keys/ab000000000000000000000000000000";
    for (const char* end : {"", ".cms", ".0.cms", ".01.cms", ".1.pem", ".1", ".-1.cms",
                            ".1.cms.tmp", ".1234567890.cms", ".x.cms"})
        EXPECT_FALSE(ParseKeyFileName(id + end)) << end;
    EXPECT_FALSE(ParseKeyFileName("keys/AB000000000000000000000000000000.1.cms"));
}

} // namespace
} // namespace lifeboat
