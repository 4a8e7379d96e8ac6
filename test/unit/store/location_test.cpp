#include "core/store/location.h"

#include <gtest/gtest.h>

#include <chrono>

#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace lifeboat::test {
namespace {

struct Accepted {
    std::string url;
    std::string path;
    std::string canonical;
};

TEST(ParseLocation, AcceptsAndNormalises) {
    const Accepted cases[] = {
        {"file:///var/backups", "/var/backups", "file:///var/backups"},
        {"FILE:///var", "/var", "file:///var"},
        {"file:///var/backups/", "/var/backups", "file:///var/backups"},
        {"file:////var//backups///", "/var/backups", "file:///var/backups"},
        {"file:///./var/./backups/.", "/var/backups", "file:///var/backups"},
        {"file:///a%20b", "/a b", "file:///a%20b"},
        {"file:///a b", "/a b", "file:///a%20b"},
        {"file:///50%25%3f%23", "/50%?#", "file:///50%25%3f%23"},
        {"file:///a%2fb%2Fc", "/a/b/c", "file:///a/b/c"},
        {"file:///s\xc3\xa4", "/s\xc3\xa4", "file:///s%c3%a4"},
        {"file:///s%C3%A4", "/s\xc3\xa4", "file:///s%c3%a4"},
        {"file:///user@host/a:b", "/user@host/a:b", "file:///user@host/a:b"},
        {"file:///...", "/...", "file:///..."},
        {"file:///..x", "/..x", "file:///..x"},
    };
    for (const auto& accepted : cases) {
        SCOPED_TRACE(accepted.url);
        const Location location = ParseLocation(accepted.url);
        EXPECT_EQ(location.scheme, "file");
        EXPECT_EQ(location.path, accepted.path);
        EXPECT_EQ(location.Url(), accepted.canonical);
        EXPECT_EQ(ParseLocation(location.Url()).path, accepted.path);
    }
}

struct Refused {
    std::string url;
    std::string message;
    std::string hint;
};

constexpr const char* kFileHint =
    "Write file:/// and an absolute path, for example file:///var/backups/postgresql.";

constexpr const char* kBucketHint =
    "Write s3://bucket/prefix; option \"endpoint\" says which service has it.";

constexpr const char* kContainerHint = "Write azure://account/container/prefix.";

TEST(ParseLocation, ReadsBuckets) {
    const Location location = ParseLocation("s3://my-bucket//pg/./x/");
    EXPECT_EQ(location.scheme, "s3");
    EXPECT_EQ(location.host, "my-bucket");
    EXPECT_EQ(location.path, "/pg/x");
    EXPECT_EQ(location.Url(), "s3://my-bucket/pg/x");
    EXPECT_FALSE(location.IsDirectory());
    EXPECT_EQ(ParseLocation("S3://my-bucket").Url(), "s3://my-bucket");
    EXPECT_EQ(ParseLocation("s3://my-bucket/").path, "");
}

TEST(ParseLocation, ReadsContainers) {
    const Location location = ParseLocation("azure://account1/my-backups//pg/x/");
    EXPECT_EQ(location.scheme, "azure");
    EXPECT_EQ(location.host, "account1/my-backups");
    EXPECT_EQ(location.path, "/pg/x");
    EXPECT_EQ(location.Url(), "azure://account1/my-backups/pg/x");
    EXPECT_FALSE(location.IsDirectory());
    EXPECT_EQ(ParseLocation("azure://account1/my-backups").path, "");
}

TEST(ParseLocation, RefusesWithWords) {
    const Refused cases[] = {
        {"", "store URL \"\" has no scheme", kFileHint},
        {"/var/backups", "store URL \"/var/backups\" has no scheme", kFileHint},
        {"backups", "store URL \"backups\" has no scheme", kFileHint},
        {":x", "store URL \":x\" has no scheme", kFileHint},
        {"a b:///x", "store URL \"a b:///x\" has no scheme", kFileHint},
        {"file:x", "store URL \"file:x\" is not absolute", kFileHint},
        {"file:/x", "store URL \"file:/x\" is not absolute", kFileHint},
        {"file://x", "store URL \"file://x\" is not absolute", kFileHint},
        {"file://localhost/x", "store URL \"file://localhost/x\" is not absolute", kFileHint},
        {"file://", "store URL \"file://\" is not absolute", kFileHint},
        {"file:///", "store URL \"file:///\" names no directory", kFileHint},
        {"file:///.//", "store URL \"file:///.//\" names no directory", kFileHint},
        {"file:///a/../b", "store URL \"file:///a/../b\" contains \"..\"",
         "Write the path without it."},
        {"file:///a/%2e%2E", "store URL \"file:///a/%2e%2E\" contains \"..\"",
         "Write the path without it."},
        {"file:///a%2",
         "store URL \"file:///a%2\" has a \"%\" that is not followed by two hexadecimal digits",
         "Write a percent sign as %25."},
        {"file:///a%zz",
         "store URL \"file:///a%zz\" has a \"%\" that is not followed by two hexadecimal digits",
         "Write a percent sign as %25."},
        {"file:///a\nb", "store URL \"file:///a\\x0ab\" contains a control character", kFileHint},
        {"file:///a%00b", "store URL \"file:///a%00b\" contains a control character", kFileHint},
        {"file:///a%7Fb", "store URL \"file:///a%7Fb\" contains a control character", kFileHint},
        {"file:///a?secret=1", "store URL \"file:///a\" has a query or a fragment",
         "Write \"?\" as %3F and \"#\" as %23; options of a store are given apart."},
        {"file:///a#b", "store URL \"file:///a\" has a query or a fragment",
         "Write \"?\" as %3F and \"#\" as %23; options of a store are given apart."},
        {"ftp://host/x", "store URL has unknown scheme \"ftp\"",
         std::string("The known schemes are \"file\", \"s3\" and \"azure\". ") + kFileHint},
        {"s3:bucket", "store URL \"s3:bucket\" names no bucket", kBucketHint},
        {"s3:///x", "store URL \"s3:///x\" names no bucket", kBucketHint},
        {"s3://B/x",
         "store URL \"s3://B/x\" has a bucket that is none: 3 to 63 lower-case letters, digits, "
         "\".\", \"-\" and \"_\"",
         kBucketHint},
        {"s3://bucket/../x", "store URL \"s3://bucket/../x\" contains \"..\"",
         "Write the path without it."},
        {"azure:account", "store URL \"azure:account\" names no account", kContainerHint},
        {"azure://account1", "store URL \"azure://account1\" names no container", kContainerHint},
        {"azure://account1/", "store URL \"azure://account1/\" names no container", kContainerHint},
        {"azure://a-b/container",
         "store URL \"azure://a-b/container\" has an account that is none: 3 to 24 lower-case "
         "letters and digits",
         kContainerHint},
        {"azure://account1/con_tainer",
         "store URL \"azure://account1/con_tainer\" has a container that is none: 3 to 63 "
         "lower-case letters, digits and \"-\"",
         kContainerHint},
        {"azure://account1/backups/../x",
         "store URL \"azure://account1/backups/../x\" contains \"..\"",
         "Write the path without it."},
        {"file://me:geheim@/x", "store URL must not contain a user name or password",
         std::string("A directory needs neither. ") + kFileHint},
        {"s3://key@bucket/x", "store URL must not contain a user name or password",
         "Store option \"credentials\" says where keys are."},
    };
    for (const auto& refused : cases) {
        SCOPED_TRACE(refused.url);
        const Thrown thrown = Catch([&] { ParseLocation(refused.url); });
        EXPECT_EQ(thrown.code, Errc::InvalidValue);
        EXPECT_EQ(thrown.message, refused.message);
        EXPECT_EQ(thrown.hint, refused.hint);
    }
}

TEST(ParseLocation, NoErrorRepeatsASecret) {
    for (const std::string url :
         {"s3://user:geheim@bucket/x", "file:///x?password=geheim", "ftp://a:geheim@b",
          "s3://b/x#geheim", "nosuch://b?geheim", "user:geheim@host/x?geheim"}) {
        const Thrown thrown = Catch([&] { ParseLocation(url); });
        EXPECT_EQ((thrown.message + thrown.detail + thrown.hint).find("geheim"), std::string::npos)
            << thrown.message;
    }
}

TEST(CheckOptions, KnowsItsOptions) {
    const Location location = ParseLocation("file:///x");
    EXPECT_NO_THROW(CheckOptions(location, {}));
    for (const std::string rate : {"1", "1000", "10B", "64kB", "50MB", "2GB"}) {
        EXPECT_NO_THROW(CheckOptions(location, {{"max_rate", rate}})) << rate;
    }
    const Thrown unknown = Catch([&] { CheckOptions(location, {{"region", "eu"}}); });
    EXPECT_EQ(unknown.code, Errc::InvalidValue);
    EXPECT_EQ(unknown.message, "stores of scheme \"file\" have no option \"region\"");
    EXPECT_EQ(unknown.hint, "The known option is \"max_rate\".");
    for (const std::string rate : {"", "0", "-1", "1.5MB", "MB", "10 MB", "10mb",
                                   "99999999999999999999", "9999999999999GB"}) {
        const Thrown bad = Catch([&] { CheckOptions(location, {{"max_rate", rate}}); });
        EXPECT_EQ(bad.code, Errc::InvalidValue);
        EXPECT_EQ(bad.message, "invalid value for store option \"max_rate\": \"" + rate + "\"");
        EXPECT_EQ(bad.hint,
                  "Valid units are \"B\", \"kB\", \"MB\" and \"GB\", for example \"50MB\".");
    }
}

TEST(OpenStore, OpensADirectoryWithoutTouchingIt) {
    NeverInterrupted interrupt;
    const auto store = OpenStore(ParseLocation("file:///nonexistent/x"), {}, interrupt);
    const Thrown thrown = Catch([&] { store->Put("repo.json", {}); });
    EXPECT_EQ(thrown.code, Errc::StoreMissing);
    EXPECT_EQ(thrown.message, "store directory \"/nonexistent/x\" does not exist");
    EXPECT_EQ(thrown.hint, "Is it mounted?");
}

class StopAtOnce final : public Interrupt {
public:
    void Check() override { throw Error(Errc::Cancelled, "stopped"); }
};

TEST(OpenStore, ALimitedStoreCanBeInterrupted) {
    const TempDir directory;
    StopAtOnce interrupt;
    const auto store =
        OpenStore(ParseLocation("file://" + directory.path()), {{"max_rate", "1kB"}}, interrupt);
    const std::string text(100'000, 'x');
    EXPECT_EQ(Catch([&] { store->Put("repo.json", AsBytes(text)); }).message, "stopped");
}

} // namespace
} // namespace lifeboat::test
