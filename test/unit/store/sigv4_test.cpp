// Against the examples that AWS publishes: those of the S3 API reference ("Authenticating Requests:
// Using the Authorization Header") and of the general test suite.
#include "core/store/sigv4.h"

#include <gtest/gtest.h>

#include "core/crypto/sha256.h"

namespace lifeboat {
namespace {

using namespace std::chrono_literals;

std::string HashOf(std::string_view text) { return ToHex(Sha256Of(AsBytes(text))); }

std::string SignatureOf(const std::string& authorization) {
    return authorization.substr(authorization.find("Signature=") + 10);
}

class S3Examples : public testing::Test {
protected:
    static constexpr Instant kAt = std::chrono::sys_days(std::chrono::year(2013) / 5 / 24);

    static SigV4Request Request(std::string method, std::string path, std::string_view body = {}) {
        SigV4Request request;
        request.method = std::move(method);
        request.path = std::move(path);
        request.payload_sha256 = HashOf(body);
        request.headers = {{"host", "examplebucket.s3.amazonaws.com"},
                           {"x-amz-content-sha256", request.payload_sha256},
                           {"x-amz-date", "20130524T000000Z"}};
        return request;
    }
    const SigV4Key key_{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                        "us-east-1", "s3"};
};

TEST_F(S3Examples, GetObject) {
    SigV4Request request = Request("GET", "/test.txt");
    request.headers["range"] = "bytes=0-9";
    EXPECT_EQ(SigV4Authorization(request, key_, kAt),
              "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
              "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
              "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_F(S3Examples, PutObject) {
    SigV4Request request = Request("PUT", EncodePath("/test$file.text"), "Welcome to Amazon S3.");
    request.headers["date"] = "Fri, 24 May 2013 00:00:00 GMT";
    request.headers["x-amz-storage-class"] = "REDUCED_REDUNDANCY";
    EXPECT_EQ(SignatureOf(SigV4Authorization(request, key_, kAt)),
              "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_F(S3Examples, GetBucketLifecycle) {
    SigV4Request request = Request("GET", "/");
    request.query = {{"lifecycle", ""}};
    EXPECT_EQ(SignatureOf(SigV4Authorization(request, key_, kAt)),
              "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST_F(S3Examples, ListObjects) {
    SigV4Request request = Request("GET", "/");
    request.query = {{"prefix", "J"}, {"max-keys", "2"}};
    EXPECT_EQ(SignatureOf(SigV4Authorization(request, key_, kAt)),
              "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SigV4, VanillaGetOfTheTestSuite) {
    SigV4Request request;
    request.method = "GET";
    request.path = "/";
    request.payload_sha256 = HashOf("");
    request.headers = {{"host", "example.amazonaws.com"}, {"x-amz-date", "20150830T123600Z"}};
    const Instant at = std::chrono::sys_days(std::chrono::year(2015) / 8 / 30) + 12h + 36min;
    EXPECT_EQ(
        SignatureOf(SigV4Authorization(
            request,
            {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service"},
            at)),
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(SigV4, EncodesAndSortsTheQuery) {
    EXPECT_EQ(CanonicalQuery({{"prefix", "a/b c"}, {"list-type", "2"}, {"prefix", "a"}}),
              "list-type=2&prefix=a&prefix=a%2Fb%20c");
    EXPECT_EQ(EncodePath("/a b/\xc3\xa9~-_."), "/a%20b/%C3%A9~-_.");
}

} // namespace
} // namespace lifeboat
