#include "cli/pg_restore.h"

#include <gtest/gtest.h>

#include <memory>

namespace lifeboat::cli {
namespace {

OptionWay Way(const std::string& keyword, const std::string& variable = {}) {
    PQconninfoOption option{};
    std::string name = keyword;
    std::string env = variable;
    option.keyword = name.data();
    option.envvar = variable.empty() ? nullptr : env.data();
    return WayOf(option);
}

TEST(WritesRestrict, KnowsTheFirstReleaseOfEachMajor) {
    const auto version = [](const std::string& number) {
        return "pg_restore (PostgreSQL) " + number + " (Debian 1-0+deb12u1)";
    };
    for (const char* good :
         {"13.22", "14.19", "15.14", "15.20", "16.10", "17.6", "18.0", "18beta3", "19devel"}) {
        EXPECT_TRUE(WritesRestrict(version(good))) << good;
    }
    for (const char* old : {"9.6.24", "12.22", "13.21", "14.18", "15.13", "16.9", "17.5", "17"}) {
        EXPECT_FALSE(WritesRestrict(version(old))) << old;
    }
    EXPECT_FALSE(WritesRestrict("no number"));
}

// Everybody on the machine may read a command line.
TEST(ChildTarget, NoSecretOptionOfAnyLibpqGoesToTheCommandLine) {
    for (const char* secret : {"sslpassword", "scram_client_key", "scram_server_key",
                               "oauth_client_secret", "something_newer"}) {
        EXPECT_EQ(Way(secret), OptionWay::kNotTold) << secret;
    }
    const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> all(PQconndefaults(),
                                                                             PQconninfoFree);
    ASSERT_NE(all, nullptr);
    int secrets = 0;
    for (const PQconninfoOption* option = all.get(); option->keyword != nullptr; ++option) {
        if (std::string_view(option->dispchar) != "*") continue;
        EXPECT_NE(WayOf(*option), OptionWay::kCommandLine) << option->keyword;
        ++secrets;
    }
    EXPECT_GE(secrets, 2); // password, sslpassword
}

TEST(ChildTarget, WhatHasAVariableGoesThere) {
    EXPECT_EQ(Way("password", "PGPASSWORD"), OptionWay::kEnvironment);
    EXPECT_EQ(Way("user", "PGUSER"), OptionWay::kEnvironment);
    EXPECT_EQ(Way("keepalives_idle"), OptionWay::kCommandLine);
    EXPECT_EQ(Way("dbname", "PGDATABASE"), OptionWay::kNotTold);
}

} // namespace
} // namespace lifeboat::cli
