#include "core/base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace lifeboat {
namespace {

TEST(Error, CarriesItsParts) {
    const Error error(Errc::Damaged, "object is damaged", "Byte 7 differs.",
                      "Restore an older backup.");
    EXPECT_EQ(error.code(), Errc::Damaged);
    EXPECT_STREQ(error.what(), "object is damaged");
    EXPECT_EQ(error.detail(), "Byte 7 differs.");
    EXPECT_EQ(error.hint(), "Restore an older backup.");
    EXPECT_EQ(error.sqlstate(), "XX001");
    EXPECT_EQ(error.exit_code(), 2);
}

TEST(Error, DetailAndHintAreFilledOnce) {
    Error error(Errc::NotFound, "no backup", "First.");
    error.AddDetail("Second.").AddHint("Look with: lifeboat list");
    error.AddHint("Another.");
    EXPECT_EQ(error.detail(), "First.");
    EXPECT_EQ(error.hint(), "Look with: lifeboat list");
}

TEST(Error, KeepsAForeignSqlState) {
    const Error foreign = Error::WithSqlState("42P07", "relation exists");
    EXPECT_EQ(foreign.sqlstate(), "42P07");
    EXPECT_EQ(foreign.code(), Errc::TargetRefused);
    EXPECT_EQ(Error::WithSqlState("57014", "canceling statement").code(), Errc::Cancelled);
}

TEST(Error, SqlStatesAreWellFormed) {
    for (int i = 0; i <= static_cast<int>(Errc::Internal); ++i) {
        const auto state = ErrcSqlState(static_cast<Errc>(i));
        EXPECT_EQ(state.size(), 5U) << ErrcName(static_cast<Errc>(i));
        EXPECT_EQ(state.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"), state.npos)
            << state;
        EXPECT_GT(ErrcExitCode(static_cast<Errc>(i)), 0);
    }
    EXPECT_EQ(ErrcName(Errc::Internal), "Internal");
}

TEST(Error, HelpListsEveryExitCode) {
    const std::string help = ExitCodeHelp();
    EXPECT_TRUE(help.starts_with("  0  done\n"));
    EXPECT_NE(help.find("\n  2  a stored object is damaged, missing, extra or forged\n"),
              help.npos);
    EXPECT_NE(help.find("\n 70  a bug in lifeboat\n"), help.npos);
}

TEST(Error, ErrnoAsText) { EXPECT_EQ(ErrnoText(ENOSPC), "No space left on device"); }

} // namespace
} // namespace lifeboat
