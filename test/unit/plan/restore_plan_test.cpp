#include "core/plan/restore_plan.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace lifeboat::test {
namespace {

constexpr uint64_t kMB = 1'000'000;

// A backup of two tables (one of them in three objects), a configuration table, sequences and large
// objects, and a target that suits it.
class RestorePlanTest : public testing::Test {
protected:
    RestorePlanTest() {
        manifest_.cluster.server_version_num = 150020;
        manifest_.database.name = "app";
        manifest_.database.encoding = "UTF8";
        manifest_.database.collate = "en_US.UTF-8";
        manifest_.database.ctype = "en_US.UTF-8";
        manifest_.database.locale_provider = "libc";
        manifest_.extensions = {{"plpgsql", "1.0"}, {"hstore", "1.8"}};
        manifest_.collation_providers = {{"libc", "2.36"}, {"icu", "153.120"}};
        manifest_.totals.tables = 3;
        Add(ObjectKind::kGlobals, "", 1000, 0);
        Add(ObjectKind::kSchema, "", 50'000, 0);
        Add(ObjectKind::kPost, "", 0, 0);
        Add(ObjectKind::kData, "small", 2 * kMB, 100);
        for (int part = 0; part < 3; ++part) Add(ObjectKind::kData, "Big", 40 * kMB, 1000);
        Add(ObjectKind::kConfig, "settings", 500, 5);
        Add(ObjectKind::kSequences, "", 300, 0);
        Add(ObjectKind::kLargeObjects, "", 20 * kMB, 7);

        target_.server_version_num = 150020;
        target_.role = "admin";
        target_.is_superuser = true;
        target_.roles = {"admin", "app_owner"};
        target_.tablespaces = {"pg_default", "fast"};
        target_.available_extensions = {{"plpgsql", "1.0"}, {"hstore", "1.7"}, {"hstore", "1.8"}};
        target_.collation_providers = manifest_.collation_providers;
        target_.free_bytes = 100'000 * kMB;
        archive_.roles = {"app_owner"};
        archive_.tablespaces = {"pg_default", "fast"};
        request_.target_database = "app_restored";
    }

    void Add(ObjectKind kind, const std::string& table, uint64_t bytes, uint64_t rows) {
        ObjectRecord record;
        record.name = "objects/00/" + std::to_string(manifest_.objects.size());
        record.kind = kind;
        record.raw_bytes = bytes;
        record.rows = rows;
        TocEntry entry;
        entry.object = record.name;
        entry.kind = kind;
        if (!table.empty()) {
            entry.detail.schema = "public";
            entry.detail.name = table;
        }
        manifest_.objects.push_back(record);
        toc_.push_back(entry);
    }

    std::vector<PlanStep> Make() const {
        return MakeRestorePlan(manifest_, toc_, archive_, target_, request_);
    }

    // phase | action | object | bytes | rows | status | detail
    static std::string Line(const PlanStep& step) {
        return step.phase + " | " + step.action + " | " + step.object + " | " +
               std::to_string(step.bytes) + " | " + std::to_string(step.rows) + " | " +
               std::string(PlanStatusName(step.status)) + " | " + step.detail;
    }
    // The steps of an action; several joined by newlines.
    std::string Steps(const std::string& action) const {
        std::string text;
        for (const auto& step : Make()) {
            if (step.action == action) text += (text.empty() ? "" : "\n") + Line(step);
        }
        return text;
    }

    Manifest manifest_;
    std::vector<TocEntry> toc_;
    ArchiveFacts archive_;
    TargetFacts target_;
    RestoreRequest request_;
};

TEST_F(RestorePlanTest, TheWholePlan) {
    std::vector<std::string> lines;
    int number = 0;
    for (const auto& step : Make()) {
        EXPECT_EQ(step.step, ++number);
        EXPECT_GE(step.estimate_seconds, 0);
        lines.push_back(Line(step));
    }
    EXPECT_EQ(PlanVerdict(Make()), PlanStatus::kReady);
    const std::vector<std::string> expected = {
        "preflight | check server version | PostgreSQL | 0 | 0 | ready | backup from PostgreSQL "
        "15.20, target 15.20",
        "preflight | check database name | app_restored | 0 | 0 | ready | the name is free",
        "preflight | check rights | admin | 0 | 0 | ready | role \"admin\" is a superuser",
        "preflight | check roles | 1 role | 0 | 0 | ready | all exist",
        "preflight | check tablespaces | 1 tablespace | 0 | 0 | ready | all exist",
        "preflight | check extensions | 2 extensions | 0 | 0 | ready | all are installed in the "
        "same versions",
        "preflight | check collation versions | 2 providers | 0 | 0 | ready | the same as in the "
        "backup",
        "preflight | check encoding | UTF8 | 0 | 0 | ready | the new database gets encoding UTF8, "
        "LC_COLLATE "
        "\"en_US.UTF-8\", LC_CTYPE \"en_US.UTF-8\"",
        "preflight | check disk space | data directory | 284001000 | 0 | ready | about 284 MB will "
        "be needed, 100 GB are free",
        "schema | create database | app_restored | 0 | 0 | ready | with owner, rights, comment and "
        "settings of database \"app\"",
        "schema | restore schema | pre-data | 50000 | 0 | ready | 3 tables",
        "data | load table | public.\"Big\" | 120000000 | 3000 | ready | 3 objects, 2 streams",
        "data | load table | public.small | 2000000 | 100 | ready | 1 object, 1 stream",
        "data | load configuration table | public.settings | 500 | 5 | ready | 1 object, 1 stream",
        "data | set sequences | sequences | 300 | 0 | ready | ",
        "data | load large objects | large objects | 20000000 | 7 | ready | 1 object",
        "indexes | build indexes and constraints | post-data | 142000500 | 0 | ready | 2 jobs",
        "finish | analyze | app_restored | 0 | 0 | ready | 3 tables",
    };
    EXPECT_EQ(lines, expected);
}

TEST_F(RestorePlanTest, EstimatesFallWithJobsAsFarAsThereAreObjects) {
    const auto estimate = [this](int jobs, const std::string& object) {
        request_.jobs = jobs;
        for (const auto& step : Make()) {
            if (step.object == object) return step.estimate_seconds;
        }
        return -1.0;
    };
    EXPECT_NEAR(estimate(1, "public.\"Big\""), 3.015, 0.001); // 120 MB at 40 MB/s, three objects
    EXPECT_NEAR(estimate(2, "public.\"Big\""), 1.5075, 0.001);
    EXPECT_NEAR(estimate(8, "public.\"Big\""), 1.005, 0.001); // three objects are three streams
    EXPECT_NEAR(estimate(0, "public.\"Big\""), 3.015, 0.001);
    EXPECT_NEAR(estimate(1, "post-data") / 4, estimate(4, "post-data"), 0.001);
}

TEST_F(RestorePlanTest, ServerVersions) {
    target_.server_version_num = 140012;
    EXPECT_EQ(Steps("check server version"),
              "preflight | check server version | PostgreSQL | 0 | 0 | blocked | backup from "
              "PostgreSQL 15.20, target "
              "14.12: restore into version 15 or newer");
    EXPECT_EQ(PlanVerdict(Make()), PlanStatus::kBlocked);
    target_.server_version_num = 150002; // an older minor version will do
    EXPECT_EQ(Steps("check server version"),
              "preflight | check server version | PostgreSQL | 0 | 0 | ready | backup from "
              "PostgreSQL 15.20, target 15.2");
    target_.server_version_num = 180000;
    EXPECT_EQ(Steps("check server version"),
              "preflight | check server version | PostgreSQL | 0 | 0 | ready | backup from "
              "PostgreSQL 15.20, target 18.0");
    target_.server_version_num = 0;
    EXPECT_EQ(Steps("check server version"),
              "preflight | check server version | PostgreSQL | 0 | 0 | warning | the target's "
              "version is not known");
}

TEST_F(RestorePlanTest, DatabaseNames) {
    target_.database_exists = true;
    EXPECT_EQ(Steps("check database name"),
              "preflight | check database name | app_restored | 0 | 0 | blocked | database "
              "\"app_restored\" already exists: "
              "choose another name, or drop it first");
    target_.database_exists = false;
    for (const auto& name : {std::string(), std::string(64, 'x')}) {
        request_.target_database = name;
        EXPECT_EQ(Steps("check database name"),
                  "preflight | check database name | " + name +
                      " | 0 | 0 | blocked | a name has 1 to 63 bytes");
    }
}

TEST_F(RestorePlanTest, Rights) {
    target_.is_superuser = false;
    EXPECT_EQ(Steps("check rights"),
              "preflight | check rights | admin | 0 | 0 | blocked | role \"admin\" may not create "
              "databases: ALTER ROLE admin CREATEDB");
    target_.can_create_database = true;
    EXPECT_EQ(Steps("check rights"),
              "preflight | check rights | admin | 0 | 0 | warning | role \"admin\" is no superuser "
              "and must be a member of "
              "app_owner to restore their objects");
    archive_.roles = {"admin", "public"};
    EXPECT_EQ(
        Steps("check rights"),
        "preflight | check rights | admin | 0 | 0 | ready | role \"admin\" may create databases");
}

TEST_F(RestorePlanTest, MissingRolesAndTablespaces) {
    archive_.roles = {"app_owner", "Reader", "writer"};
    archive_.tablespaces = {"slow"};
    EXPECT_EQ(Steps("check role"),
              "preflight | check role | Reader | 0 | 0 | blocked | role \"Reader\" does not exist: "
              "CREATE ROLE \"Reader\", or "
              "let \"lifeboat restore --with-globals\" make it\n"
              "preflight | check role | writer | 0 | 0 | blocked | role \"writer\" does not exist: "
              "CREATE ROLE writer, or "
              "let \"lifeboat restore --with-globals\" make it");
    EXPECT_EQ(Steps("check roles"), "");
    EXPECT_EQ(Steps("check tablespace"),
              "preflight | check tablespace | slow | 0 | 0 | blocked | tablespace \"slow\" does "
              "not exist: CREATE TABLESPACE "
              "slow, or let \"lifeboat restore --with-globals\" make it");
    request_.with_globals = true;
    EXPECT_EQ(PlanVerdict(Make()), PlanStatus::kReady);
    EXPECT_EQ(Steps("restore globals"),
              "schema | restore globals | roles and tablespaces | 0 | 0 | ready | those that exist "
              "already stay as they are");
    archive_ = {};
    EXPECT_EQ(Steps("check roles"),
              "preflight | check roles | 0 roles | 0 | 0 | ready | none is needed");
}

TEST_F(RestorePlanTest, ExtensionsAndCollations) {
    target_.available_extensions = {{"hstore", "1.6"}, {"hstore", "1.7"}};
    EXPECT_EQ(Steps("check extension"),
              "preflight | check extension | plpgsql | 0 | 0 | blocked | extension \"plpgsql\" is "
              "not installed on the target "
              "server: install its package (the backup has version 1.0)\n"
              "preflight | check extension | hstore | 0 | 0 | warning | the backup has version "
              "1.8, the target offers 1.6, 1.7");
    target_.collation_providers = {{"libc", "2.41"}};
    EXPECT_EQ(Steps("check collation provider"),
              "preflight | check collation provider | libc | 0 | 0 | warning | the backup has "
              "version 2.36, the target 2.41: "
              "indexes are built anew, but partition bounds and CHECK constraints on text may sort "
              "differently\n"
              "preflight | check collation provider | icu | 0 | 0 | warning | the backup has "
              "version 153.120, the target "
              "server has no such provider");
    manifest_.database.locale_provider = "icu";
    manifest_.database.icu_locale = "de-AT";
    EXPECT_NE(Steps("check collation provider").find("icu | 0 | 0 | blocked"), std::string::npos);
    EXPECT_NE(Steps("check encoding").find("ICU locale \"de-AT\""), std::string::npos);
    target_.locales_missing = {"en_US.UTF-8"};
    EXPECT_EQ(Steps("check locale"),
              "preflight | check locale | en_US.UTF-8 | 0 | 0 | blocked | locale \"en_US.UTF-8\" "
              "does not exist on the target "
              "server: install it there");
}

TEST_F(RestorePlanTest, DiskSpace) {
    const std::string begin = "preflight | check disk space | data directory | 284001000 | 0 | ";
    target_.free_bytes = 200 * kMB;
    EXPECT_EQ(Steps("check disk space"),
              begin + "warning | about 284 MB will be needed, 200 MB are free");
    target_.free_bytes = 100 * kMB;
    EXPECT_EQ(Steps("check disk space"),
              begin + "blocked | about 284 MB will be needed, 100 MB are free");
    target_.free_bytes.reset();
    EXPECT_EQ(Steps("check disk space"),
              begin + "warning | about 284 MB will be needed, the free space is not known");
}

TEST_F(RestorePlanTest, ChosenTables) {
    request_.tables = {"public.sm*", "nosuch"};
    EXPECT_EQ(Steps("check tables"),
              "preflight | check tables | public.sm* | 0 | 0 | ready | found in the backup\n"
              "preflight | check tables | nosuch | 0 | 0 | blocked | no table of the backup "
              "matches this pattern");
    EXPECT_EQ(Steps("load table"),
              "data | load table | public.small | 2000000 | 100 | ready | 1 object, 1 stream");
    EXPECT_EQ(Steps("load configuration table") + Steps("load large objects"), "");
    EXPECT_EQ(
        Steps("set sequences"),
        "data | set sequences | sequences | 300 | 0 | ready | those that the chosen tables own");
    EXPECT_EQ(
        Steps("restore schema"),
        "schema | restore schema | pre-data | 50000 | 0 | ready | what the chosen tables need");
    request_.tables = {"a.b.c"};
    EXPECT_EQ(Catch([&] { Make(); }).message, "invalid table pattern \"a.b.c\"");
}

// What the archive says of the chosen tables: partitions they bring, tables they need.
TEST_F(RestorePlanTest, AChoiceIsTakenAsItIs) {
    request_.tables = {"parent", "lonely", "nosuch"};
    request_.choice.emplace();
    request_.choice->tables = {{"public", "parent"}, {"public", "small"}, {"public", "settings"}};
    request_.choice->empty = {{"public", "Big"}};
    request_.choice->unmatched = {"nosuch"};
    EXPECT_EQ(Steps("check tables"),
              "preflight | check tables | parent | 0 | 0 | ready | found in the backup\n"
              "preflight | check tables | lonely | 0 | 0 | ready | found in the backup\n"
              "preflight | check tables | nosuch | 0 | 0 | blocked | no table of the backup "
              "matches this pattern\n"
              "preflight | check tables | public.\"Big\" | 0 | 0 | ready | comes along without "
              "rows: a chosen table depends on it");
    EXPECT_EQ(Steps("load table"),
              "data | load table | public.small | 2000000 | 100 | ready | 1 object, 1 stream");
    EXPECT_EQ(Steps("load configuration table"), "");
    request_.choice->tables = {{"public", "lonely"}}; // a table without rows is not all tables
    EXPECT_EQ(Steps("load table") + Steps("load large objects"), "");
}

TEST_F(RestorePlanTest, PartitionsThroughTheirRoot) {
    toc_[3].detail.root_schema = "public";
    toc_[3].detail.root_name = "Measurements";
    EXPECT_NE(Steps("load table")
                  .find("1 object, 1 stream, through its partition root public.\"Measurements\""),
              std::string::npos);
}

TEST_F(RestorePlanTest, SameNamesInTwoSchemasAreTwoTables) {
    Add(ObjectKind::kData, "small", kMB, 1);
    toc_.back().detail.schema = "other";
    EXPECT_NE(Steps("load table").find("other.small | 1000000 | 1 |"), std::string::npos);
    EXPECT_NE(Steps("load table").find("public.small | 2000000 | 100 |"), std::string::npos);
}

TEST_F(RestorePlanTest, StatisticsInsteadOfAnalyze) {
    Add(ObjectKind::kStatistics, "", 100, 0);
    EXPECT_EQ(Steps("restore statistics"), ""); // a target of 15 cannot take them
    target_.server_version_num = 180000;
    EXPECT_EQ(Steps("analyze"), "");
    EXPECT_EQ(Steps("restore statistics"),
              "finish | restore statistics | app_restored | 0 | 0 | ready | ");
    request_.tables = {"small"};
    EXPECT_EQ(Steps("restore statistics"), "");
    EXPECT_NE(Steps("analyze"), "");
}

TEST_F(RestorePlanTest, AnEmptyDatabase) {
    manifest_.objects.clear();
    manifest_.totals = {};
    toc_.clear();
    EXPECT_EQ(PlanVerdict(Make()), PlanStatus::kReady);
    EXPECT_EQ(Steps("load table"), "");
}

TEST_F(RestorePlanTest, NamesWithControlCharactersArePrintable) {
    manifest_.database.name = "a\x1b[31mb";
    EXPECT_NE(Steps("create database").find("database \"a\\x1b[31mb\""), std::string::npos);
}

} // namespace
} // namespace lifeboat::test
