#include "cli/selection.h"

#include <gtest/gtest.h>

#include "cli/export_script.h"
#include "cli/terminal.h"
#include "support/expect_error.h"

namespace lifeboat::cli {
namespace {

TEST(IsSetvalOf, ReadsTheSequenceOutOfTheLiteral) {
    const std::set<QualifiedName> sequences{{"public", "a_seq"}, {"Odd 's", "b\"c"}};
    EXPECT_TRUE(IsSetvalOf("SELECT pg_catalog.setval('public.a_seq', 5, true)", sequences));
    EXPECT_TRUE(
        IsSetvalOf("SELECT pg_catalog.setval('\"Odd ''s\".\"b\"\"c\"', 5, true)", sequences));
    EXPECT_FALSE(IsSetvalOf("SELECT pg_catalog.setval('public.other_seq', 5, true)", sequences));
    EXPECT_FALSE(IsSetvalOf("SELECT 'public.a_seq'", sequences));
}

std::string Guarded(const std::vector<std::string>& pieces) {
    StringSink out;
    RowGuard guard(out, "object x");
    for (const auto& piece : pieces) guard.Write(AsBytes(piece));
    return out.text();
}

TEST(RowGuard, PassesRowsOn) {
    EXPECT_EQ(Guarded({"1\ta\\\\.\n", "2\t\\.x\n", "\\N\n", "", "\\\\.\n"}),
              "1\ta\\\\.\n2\t\\.x\n\\N\n\\\\.\n");
}

// psql would take the rest of the script for commands.
TEST(RowGuard, RefusesTheEndOfCopyHoweverItIsCut) {
    const std::string text = "1\ta\n\\.\n\\! id\n";
    for (size_t first = 0; first <= text.size(); ++first) {
        for (size_t second = first; second <= text.size(); ++second) {
            const auto thrown = test::Catch([&] {
                Guarded({text.substr(0, first), text.substr(first, second - first),
                         text.substr(second)});
            });
            ASSERT_EQ(thrown.message, "object x has a row that COPY would never write")
                << first << " " << second;
        }
    }
    EXPECT_EQ(test::Catch([] { Guarded({"\\.\n"}); }).code, Errc::Damaged);
    EXPECT_EQ(test::Catch([] { Guarded({"\\", ".\n"}); }).code, Errc::Damaged);
}

TEST(TextTable, SetsColumnsByWhatIsSeen) {
    TextTable table({{"name"}, {"n", true}, {"note"}});
    table.Add({"caf\xC3\xA9", "1", "x"});
    table.Add({"a", "1,000", ""});
    EXPECT_EQ(table.Text(),
              "name      n  note\n"
              "caf\xC3\xA9      1  x\n"
              "a     1,000\n");
}

TEST(GroupedNumber, GroupsByThousands) {
    EXPECT_EQ(GroupedNumber(0), "0");
    EXPECT_EQ(GroupedNumber(999), "999");
    EXPECT_EQ(GroupedNumber(1000), "1,000");
    EXPECT_EQ(GroupedNumber(1234567), "1,234,567");
}

} // namespace
} // namespace lifeboat::cli
