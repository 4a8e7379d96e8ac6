#include "cli/sql_splitter.h"

#include <gtest/gtest.h>

#include <random>

#include "support/expect_error.h"

namespace lifeboat::cli {
namespace {

using Statements = std::vector<std::string>;

Statements Split(std::string_view sql) { return SplitSql(sql, "the text"); }

TEST(SqlSplitter, CutsAtSemicolonsOutsideQuotesOnly) {
    EXPECT_EQ(Split("SELECT 1; SELECT ';' ;\n SELECT \";\";"),
              (Statements{"SELECT 1", "SELECT ';'", "SELECT \";\""}));
    EXPECT_EQ(Split("SELECT 'it''s; so'; x"), (Statements{"SELECT 'it''s; so'", "x"}));
    EXPECT_EQ(Split("SELECT E'a\\'; b\\\\'; y"), (Statements{"SELECT E'a\\'; b\\\\'", "y"}));
    EXPECT_EQ(Split("SELECT E'a''\\'; b'; y"), (Statements{"SELECT E'a''\\'; b'", "y"}));
    EXPECT_EQ(Split("SELECT 'a\\'; y"), (Statements{"SELECT 'a\\'", "y"})); // no escape without E
    EXPECT_EQ(Split("SELECT type'a\\'; y"), (Statements{"SELECT type'a\\'", "y"}));
}

TEST(SqlSplitter, KnowsDollarQuotes) {
    EXPECT_EQ(Split("DO $$ a; ' $$; b"), (Statements{"DO $$ a; ' $$", "b"}));
    EXPECT_EQ(Split("DO $x$ $$; $y$ ; $x$; b"), (Statements{"DO $x$ $$; $y$ ; $x$", "b"}));
    EXPECT_EQ(Split("SELECT a$b$c; d"), (Statements{"SELECT a$b$c", "d"}));
    EXPECT_EQ(Split("SELECT $1; d$"), (Statements{"SELECT $1", "d$"}));
    EXPECT_EQ(Split("SELECT $$$$; b"), (Statements{"SELECT $$$$", "b"}));
}

TEST(SqlSplitter, DropsComments) {
    EXPECT_EQ(Split("-- it's; a comment\nSELECT 1; -- another"), (Statements{"SELECT 1"}));
    EXPECT_EQ(Split("SELECT/* a; /* nested ' */ */1;"), (Statements{"SELECT 1"}));
    EXPECT_EQ(Split("SELECT '--', '/*'; b"), (Statements{"SELECT '--', '/*'", "b"}));
    EXPECT_EQ(Split("\n ; ;\n"), Statements{});
}

TEST(SqlSplitter, DropsRestrictAndRefusesOtherBackslashes) {
    EXPECT_EQ(Split("\\restrict abc\nSELECT 1;\n\\unrestrict abc\n"), (Statements{"SELECT 1"}));
    const auto shell = test::Catch([] { Split("SELECT 1;\n\\! rm -rf /\n"); });
    EXPECT_EQ(shell.code, Errc::Damaged);
    EXPECT_EQ(shell.message, "the text has a backslash outside quotes");
    EXPECT_EQ(shell.detail, "The line is \"\\! rm -rf /\".");
    EXPECT_EQ(test::Catch([] { Split("SELECT 1 \\g |sh\n"); }).code, Errc::Damaged);
    EXPECT_EQ(test::Catch([] { Split("SELECT 1; \\restricted\n"); }).code, Errc::Damaged);
}

TEST(SqlSplitter, RefusesAnOpenEnd) {
    for (const char* text : {"SELECT 'a", "SELECT \"a", "SELECT $$a", "/* a", "SELECT E'a\\'"}) {
        EXPECT_EQ(test::Catch([&] { Split(text); }).message,
                  "the text ends inside quotes or a comment")
            << text;
    }
}

TEST(SqlSplitter, PutsTheDatabaseNameIn) {
    const auto put = [](std::string_view sql) { return SplitSql(sql, "the text", "\"a \"\"b\""); };
    EXPECT_EQ(put("CREATE DATABASE :\"db\" X;"), (Statements{"CREATE DATABASE \"a \"\"b\" X"}));
    EXPECT_EQ(put("SELECT ':\"db\"', $$:\"db\"$$;"), (Statements{"SELECT ':\"db\"', $$:\"db\"$$"}));
    EXPECT_EQ(put("SELECT :\"other\";"), (Statements{"SELECT :\"other\""}));
}

// However the text is cut into pieces, the statements are the same.
TEST(SqlSplitter, PiecesDoNotMatter) {
    const std::string text =
        "CREATE DATABASE :\"db\"; -- c\nSELECT E'\\'' || '''', $a$ ; $a$ /* /* */ */ , \"x;\"\"y\";"
        "\n\\restrict k\nSELECT 'long " +
        std::string(1000, 'x') + "';";
    const Statements whole = SplitSql(text, "t", "\"d\"");
    ASSERT_EQ(whole.size(), 3U);
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 200; ++round) {
        Statements cut;
        SqlSplitter splitter("t", [&](std::string& statement) { cut.push_back(statement); });
        splitter.SetDatabase("\"d\"");
        for (size_t at = 0; at < text.size();) {
            const size_t length = std::min<size_t>(1 + random() % 20, text.size() - at);
            splitter.Write(AsBytes(std::string_view(text).substr(at, length)));
            at += length;
        }
        splitter.Finish();
        ASSERT_EQ(cut, whole);
    }
}

TEST(BeginsWithWords, IgnoresCaseAndBlanks) {
    EXPECT_TRUE(BeginsWithWords("alter  \n database x", "ALTER DATABASE"));
    EXPECT_TRUE(BeginsWithWords("GRANT a", "GRANT"));
    EXPECT_FALSE(BeginsWithWords("GRANTED a", "GRANT"));
    EXPECT_FALSE(BeginsWithWords("ALTERDATABASE x", "ALTER DATABASE"));
    EXPECT_FALSE(BeginsWithWords("ALTER", "ALTER DATABASE"));
}

TEST(QuoteName, DoublesQuotes) {
    EXPECT_EQ(QuoteName("a"), "\"a\"");
    EXPECT_EQ(QuoteName("a\"b"), "\"a\"\"b\"");
}

} // namespace
} // namespace lifeboat::cli
