#include "cli/restore/create_database.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace lifeboat::cli {
namespace {

constexpr const char* kSql =
    "CREATE DATABASE :\"db\" WITH TEMPLATE = template0 ENCODING = 'UTF8';\n"
    "ALTER DATABASE :\"db\" OWNER TO \"app\";\n"
    "COMMENT ON DATABASE :\"db\" IS 'ours; all';\n"
    "REVOKE ALL ON DATABASE :\"db\" FROM PUBLIC;\n"
    "GRANT CONNECT ON DATABASE :\"db\" TO reader;\n"
    "ALTER DATABASE :\"db\" SET \"TimeZone\" TO 'UTC';\n"
    "ALTER ROLE reader IN DATABASE :\"db\" SET work_mem TO '8MB';\n"
    "ALTER DATABASE :\"db\" CONNECTION LIMIT = 7;\n";

TEST(DatabaseSql, IsSortedByWhenItRuns) {
    const DatabaseSql sql = ParseDatabaseSql(kSql, "host=x \"y\"");
    const std::string name = "\"host=x \"\"y\"\"\"";
    EXPECT_EQ(sql.create,
              "CREATE DATABASE " + name + " WITH TEMPLATE = template0 ENCODING = 'UTF8'");
    EXPECT_EQ(sql.settings,
              (std::vector<std::string>{
                  "ALTER DATABASE " + name + " SET \"TimeZone\" TO 'UTC'",
                  "ALTER ROLE reader IN DATABASE " + name + " SET work_mem TO '8MB'"}));
    EXPECT_EQ(sql.others,
              (std::vector<std::string>{"ALTER DATABASE " + name + " OWNER TO \"app\"",
                                        "REVOKE ALL ON DATABASE " + name + " FROM PUBLIC",
                                        "GRANT CONNECT ON DATABASE " + name + " TO reader",
                                        "ALTER DATABASE " + name + " CONNECTION LIMIT = 7"}));
    EXPECT_EQ(sql.comment, "COMMENT ON DATABASE " + name + " IS 'ours; all'");
}

TEST(DatabaseSql, TouchesNoOtherDatabase) {
    const std::string create = "CREATE DATABASE :\"db\";";
    for (const char* statement :
         {"ALTER DATABASE production SET work_mem TO '1GB'", "DROP DATABASE :\"db\"", "SELECT 1",
          "ALTER ROLE app SUPERUSER", "GRANT ALL ON DATABASE postgres TO app",
          "COMMENT ON DATABASE other IS 'x'"}) {
        const auto thrown = test::Catch([&] { ParseDatabaseSql(create + statement, "t"); });
        EXPECT_EQ(thrown.code, Errc::Damaged) << statement;
        EXPECT_EQ(thrown.message,
                  "the backup's database entry has a statement that does not belong there");
    }
}

TEST(DatabaseSql, NeedsItsCreateDatabase) {
    EXPECT_EQ(test::Catch([] { ParseDatabaseSql("", "t"); }).message,
              "the backup's database entry has no CREATE DATABASE");
}

} // namespace
} // namespace lifeboat::cli
