#include "core/store/s3_options.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace lifeboat::test {
namespace {

TEST(S3Options, WithoutAnyItIsAmazon) {
    const S3Options options = ParseS3Options({});
    EXPECT_EQ(options.scheme, "https");
    EXPECT_EQ(options.region, "us-east-1");
    EXPECT_EQ(options.Host("bucket"), "bucket.s3.us-east-1.amazonaws.com");
    EXPECT_EQ(options.Path("bucket", "a/b"), "/a/b");
    EXPECT_EQ(options.Path("bucket", ""), "/");
}

TEST(S3Options, AnEndpointHasBucketsInThePath) {
    const S3Options options =
        ParseS3Options({{"endpoint", "http://127.0.0.1:9000/"}, {"region", "r"}});
    EXPECT_EQ(options.scheme, "http");
    EXPECT_EQ(options.Host("bucket"), "127.0.0.1:9000");
    EXPECT_EQ(options.Path("bucket", "a b"), "/bucket/a%20b");
    EXPECT_EQ(options.Path("bucket", ""), "/bucket");
    const S3Options virtual_host =
        ParseS3Options({{"endpoint", "https://s3.example.org"}, {"path_style", "false"}});
    EXPECT_EQ(virtual_host.Host("bucket"), "bucket.s3.example.org");
}

TEST(S3Options, WhatObjectsAreStoredWith) {
    const S3Options options = ParseS3Options({{"storage_class", "STANDARD_IA"},
                                              {"sse", "aws:kms"},
                                              {"sse_kms_key", "k"},
                                              {"tags", "team=db a&kind=backup"},
                                              {"lock_days", "30"},
                                              {"lock_mode", "COMPLIANCE"},
                                              {"timeout", "5 s"},
                                              {"max_rate", "1MB"}});
    EXPECT_EQ(options.object_headers, (std::map<std::string, std::string>{
                                          {"x-amz-storage-class", "STANDARD_IA"},
                                          {"x-amz-server-side-encryption", "aws:kms"},
                                          {"x-amz-server-side-encryption-aws-kms-key-id", "k"},
                                          {"x-amz-tagging", "kind=backup&team=db%20a"}}));
    EXPECT_EQ(options.lock_days, 30);
    EXPECT_EQ(options.timeout, std::chrono::seconds(5));
}

struct Bad {
    StoreOptions options;
    std::string message;
};

TEST(S3Options, RefusesWithWords) {
    const Bad cases[] = {
        {{{"endpoint", "minio"}}, "invalid value for store option \"endpoint\": \"minio\""},
        {{{"endpoint", "https://"}}, "invalid value for store option \"endpoint\": \"https://\""},
        {{{"endpoint", "https://host/path"}},
         "invalid value for store option \"endpoint\": \"https://host/path\""},
        {{{"endpoint", "https://key:secret@host"}},
         "store option \"endpoint\" must not contain a user name or password"},
        {{{"credentials", "AKIA:secret"}},
         "invalid value for store option \"credentials\": \"AKIA\""},
        {{{"path_style", "maybe"}}, "invalid value for store option \"path_style\": \"maybe\""},
        {{{"ca_file", "ca.pem"}}, "invalid value for store option \"ca_file\": \"ca.pem\""},
        {{{"sse", "yes"}}, "invalid value for store option \"sse\": \"yes\""},
        {{{"sse_kms_key", "k"}},
         "store option \"sse_kms_key\" needs \"sse\" to be \"aws:kms\" or \"aws:kms:dsse\""},
        {{{"lock_days", "0"}}, "invalid value for store option \"lock_days\": \"0\""},
        {{{"lock_mode", "GOVERNANCE"}}, "store option \"lock_mode\" needs \"lock_days\""},
        {{{"tags", "team"}}, "invalid value for store option \"tags\": \"team\""},
        {{{"timeout", "soon"}}, "invalid value for store option \"timeout\": \"soon\""},
        {{{"region", "eu west"}}, "invalid value for store option \"region\": \"eu west\""},
        // It is part of the host's name: nobody may end that.
        {{{"region", "evil.example/"}},
         "invalid value for store option \"region\": \"evil.example/\""},
        {{{"region", "x@10.0.0.5:8443/"}},
         "invalid value for store option \"region\": \"x@10.0.0.5:8443/\""},
        {{{"region", "x#"}}, "invalid value for store option \"region\": \"x#\""},
        {{{"region", ""}}, "invalid value for store option \"region\": \"\""},
        {{{"storage_class", "GLACIER"}},
         "invalid value for store option \"storage_class\": \"GLACIER\""},
        {{{"storage_class", "DEEP_ARCHIVE"}},
         "invalid value for store option \"storage_class\": \"DEEP_ARCHIVE\""},
        {{{"retries", "3"}}, "stores of scheme \"s3\" have no option \"retries\""},
    };
    for (const Bad& bad : cases) {
        SCOPED_TRACE(bad.message);
        const auto thrown = Catch([&] { ParseS3Options(bad.options); });
        EXPECT_EQ(thrown.code, Errc::InvalidValue);
        EXPECT_EQ(thrown.message, bad.message);
    }
}

} // namespace
} // namespace lifeboat::test
