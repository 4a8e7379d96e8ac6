#include "cli/anonymous_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace lifeboat::cli {
namespace {

TEST(AnonymousFile, HasNoNameAndIsReadByPath) {
    AnonymousFile file;
    file.Write(AsBytes("abc"));
    file.Write(AsBytes("def"));
    EXPECT_EQ(file.ReadAll(), "abcdef");
    struct stat status {};
    ASSERT_EQ(::stat(file.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_size, 6);
    EXPECT_EQ(status.st_nlink, 0U);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST(AnonymousFile, IsCopiedFromTheStartAsOftenAsWanted) {
    AnonymousFile file;
    file.Write(AsBytes("abc"));
    NeverInterrupted never;
    for (const char* all : {"abc", "abcdef"}) {
        StringSink copy;
        file.CopyTo(copy, never);
        EXPECT_EQ(copy.text(), all);
        file.Write(AsBytes("def"));
    }
}

} // namespace
} // namespace lifeboat::cli
