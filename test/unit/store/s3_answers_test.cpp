// What S3 services answer, and what is said to the person who has to mend it: word for word.
#include "core/store/s3_answers.h"

#include <gtest/gtest.h>

#include "core/store/s3_credentials.h"
#include "core/store/s3_service.h"

namespace lifeboat {
namespace {

constexpr const char* kUrl = "s3://bucket/pg";

ServiceCall Call(std::string method, std::string action, std::string name = "repo.json") {
    ServiceCall call;
    call.method = std::move(method);
    call.action = std::move(action);
    call.name = std::move(name);
    return call;
}

HttpAnswer Answer(int status, const std::string& code, const std::string& message = "Said so",
                  const std::string& more = "") {
    HttpAnswer answer;
    answer.status = status;
    answer.body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>" + code +
                  "</Code><Message>" + message + "</Message><RequestId>tx0001</RequestId>" + more +
                  "</Error>";
    return answer;
}

struct Case {
    HttpAnswer answer;
    StoreFault fault;
    Errc code;
    std::string detail;
    std::string hint;
};

TEST(S3Answers, SayWhatToMend) {
    const Case cases[] = {
        {Answer(403, "SignatureDoesNotMatch"), StoreFault::kPermanent, Errc::StoreDenied,
         "The service answered 403 SignatureDoesNotMatch: Said so. Its request id is tx0001.",
         "The secret key is not the one that belongs to the access key, or something between here "
         "and the service changes requests."},
        {Answer(403, "InvalidAccessKeyId"), StoreFault::kPermanent, Errc::StoreDenied,
         "The service answered 403 InvalidAccessKeyId: Said so. Its request id is tx0001.",
         "The service does not know the access key: is it one of this service, and of option "
         "\"profile\"?"},
        {Answer(403, "AccessDenied"), StoreFault::kPermanent, Errc::StoreDenied,
         "The service answered 403 AccessDenied: Said so. Its request id is tx0001.",
         "The key needs the right s3:PutObject there."},
        {Answer(404, "NoSuchBucket"), StoreFault::kPermanent, Errc::StoreMissing,
         "The service answered 404 NoSuchBucket: Said so. Its request id is tx0001.",
         "Create the bucket, or correct the URL or option \"endpoint\"."},
        {Answer(301, "PermanentRedirect", "Said so", "<Region>eu-west-1</Region>"),
         StoreFault::kPermanent, Errc::StoreRefused,
         "The service answered 301 PermanentRedirect: Said so. Its request id is tx0001.",
         "The bucket lies in region \"eu-west-1\": set option \"region\" to that."},
        {Answer(400, "AuthorizationHeaderMalformed"), StoreFault::kPermanent, Errc::StoreRefused,
         "The service answered 400 AuthorizationHeaderMalformed: Said so. Its request id is "
         "tx0001.",
         "The bucket lies elsewhere: set options \"region\" and \"endpoint\" to where it is."},
        {Answer(503, "SlowDown"), StoreFault::kTransient, Errc::StoreUnreachable,
         "The service answered 503 SlowDown: Said so. Its request id is tx0001.", ""},
        {Answer(400, "RequestTimeout"), StoreFault::kTransient, Errc::StoreRefused,
         "The service answered 400 RequestTimeout: Said so. Its request id is tx0001.", ""},
        {Answer(200, "InternalError"), StoreFault::kTransient, Errc::StoreRefused,
         "The service answered 200 InternalError: Said so. Its request id is tx0001.", ""},
        {Answer(501, "NotImplemented"), StoreFault::kPermanent, Errc::StoreRefused,
         "The service answered 501 NotImplemented: Said so. Its request id is tx0001.",
         "Is this an S3 service, and is option \"path_style\" right for it?"},
        {Answer(409, "ConditionalRequestConflict"), StoreFault::kTransient, Errc::StoreRefused,
         "The service answered 409 ConditionalRequestConflict: Said so. Its request id is tx0001.",
         ""},
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(one.detail);
        const StoreError error = S3Refused(Call("PUT", "write"), kUrl, one.answer);
        EXPECT_EQ(error.fault(), one.fault);
        EXPECT_EQ(error.code(), one.code);
        EXPECT_EQ(error.message(), "could not write \"repo.json\" in store \"s3://bucket/pg\"");
        EXPECT_EQ(error.detail(), one.detail);
        EXPECT_EQ(error.hint(), one.hint);
    }
}

TEST(S3Answers, TheClockIsComparedWithTheServices) {
    HttpAnswer answer = Answer(403, "RequestTimeTooSkewed");
    answer.headers["date"] = HttpDate(Now() - std::chrono::hours(1));
    const std::string hint = S3Refused(Call("PUT", "write"), kUrl, answer).hint();
    EXPECT_TRUE(hint.starts_with("Set the clock of this machine (NTP). It is 36")) << hint;
    EXPECT_TRUE(hint.ends_with(" s ahead of the service's.")) << hint;
}

TEST(S3Answers, KnowWhatIsAbsentAndWhatIsThere) {
    EXPECT_EQ(S3Refused(Call("GET", "read"), kUrl, Answer(404, "NoSuchKey")).fault(),
              StoreFault::kNotFound);
    HttpAnswer bare;
    bare.status = 404;
    EXPECT_EQ(S3Refused(Call("HEAD", "look up"), kUrl, bare).fault(), StoreFault::kNotFound);
    EXPECT_EQ(S3Refused(Call("PUT", "write"), kUrl, Answer(412, "PreconditionFailed")).fault(),
              StoreFault::kExists);
}

TEST(S3Answers, NamesOfRightsFitTheAction) {
    const std::pair<const char*, const char*> rights[] = {{"read", "s3:GetObject"},
                                                          {"look up", "s3:GetObject"},
                                                          {"list", "s3:ListBucket"},
                                                          {"remove", "s3:DeleteObject"}};
    for (const auto& [action, right] : rights) {
        const StoreError error =
            S3Refused(Call("GET", action, ""), kUrl, Answer(403, "AccessDenied"));
        EXPECT_NE(error.hint().find(right), std::string::npos) << error.hint();
        EXPECT_EQ(error.message(),
                  "could not " + std::string(action) + " store \"s3://bucket/pg\"");
    }
}

TEST(S3Answers, ReadAListing) {
    HttpAnswer answer;
    answer.status = 200;
    answer.body =
        "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>true</IsTruncated>"
        "<Contents><Key>pg/a&amp;b</Key><LastModified>2026-11-20T02:15:00.123Z</LastModified>"
        "<Size>42</Size></Contents><Contents><Key>pg/c</Key>"
        "<LastModified>2026-11-20T02:15:00Z</LastModified><Size>0</Size></Contents>"
        "<NextContinuationToken>more</NextContinuationToken></ListBucketResult>";
    const ServiceListing listing = ParseS3Listing(Call("GET", "list", ""), kUrl, answer);
    ASSERT_EQ(listing.objects.size(), 2U);
    EXPECT_EQ(listing.objects[0].name, "pg/a&b");
    EXPECT_EQ(listing.objects[0].size, 42U);
    EXPECT_EQ(Rfc3339(listing.objects[0].modified), "2026-11-20T02:15:00.123000Z");
    EXPECT_EQ(Rfc3339(listing.objects[1].modified), "2026-11-20T02:15:00.000000Z");
    EXPECT_EQ(listing.next, "more");
    for (const char* other : {"", "<html>maintenance</html>", "<ListBucketResult><Contents>"}) {
        answer.body = other;
        EXPECT_THROW(ParseS3Listing(Call("GET", "list", ""), kUrl, answer), StoreError) << other;
    }
}

// Whoever removes what is not needed goes by listings: nothing in them is guessed.
TEST(S3Answers, AListingThatMakesNoSenseIsRefused) {
    const std::string entry =
        "<Contents><Key>pg/c</Key><LastModified>2026-11-20T02:15:00Z</LastModified>"
        "<Size>1</Size></Contents>";
    const std::pair<const char*, std::string> bad[] = {
        {"more pages and no token", entry + "<IsTruncated>true</IsTruncated>"},
        {"no time", "<Contents><Key>k</Key><Size>1</Size></Contents>"},
        {"an odd time",
         "<Contents><Key>k</Key><LastModified>today</LastModified><Size>1</Size></Contents>"},
        {"no size",
         "<Contents><Key>k</Key><LastModified>2026-11-20T02:15:00Z</LastModified></Contents>"},
    };
    for (const auto& [what, content] : bad) {
        HttpAnswer answer;
        answer.status = 200;
        answer.body = "<ListBucketResult>" + content + "</ListBucketResult>";
        EXPECT_THROW(ParseS3Listing(Call("GET", "list", ""), kUrl, answer), StoreError) << what;
    }
}

TEST(S3Answers, APageOfSomebodyElseIsNoAbsence) {
    HttpAnswer page;
    page.status = 404;
    page.body = "<html>default backend - 404</html>";
    EXPECT_EQ(S3Refused(Call("GET", "read"), kUrl, page).fault(), StoreFault::kTransient);
    EXPECT_EQ(S3Refused(Call("DELETE", "remove"), kUrl, page).fault(), StoreFault::kTransient);
}

class S3ServiceTest : public testing::Test {
protected:
    S3Service service_{{"bucket", "pg", kUrl}, ParseS3Options({{"lock_days", "1"}})};

    ServiceCall Put() {
        ServiceCall call = Call("PUT", "write");
        auto body = std::make_shared<HttpBody>();
        body->Append(AsBytes("abc"));
        call.body = body;
        service_.DescribePut(call, Sha256Of(AsBytes("abc")));
        return call;
    }
};

TEST_F(S3ServiceTest, WhatAServiceDoesNotKnowIsLeftOut) {
    ServiceCall call = Put();
    EXPECT_EQ(call.headers.at("if-none-match"), "*");
    EXPECT_TRUE(call.headers.contains("x-amz-checksum-sha256"));
    const HttpAnswer no_checksum =
        Answer(400, "InvalidArgument", "Unsupported header 'x-amz-checksum-sha256'");
    EXPECT_EQ(service_.Refused(call, no_checksum).fault(), StoreFault::kTransient);
    call = Put();
    EXPECT_FALSE(call.headers.contains("x-amz-checksum-sha256"));
    EXPECT_EQ(call.headers.at("content-md5"), "kAFQmDzST7DWlj99KOF/cg==");
    EXPECT_EQ(call.headers.at("if-none-match"), "*");
    EXPECT_EQ(service_.Refused(call, no_checksum).fault(), StoreFault::kPermanent);

    EXPECT_EQ(service_.Refused(call, Answer(501, "NotImplemented")).fault(),
              StoreFault::kTransient);
    call = Put();
    EXPECT_FALSE(call.headers.contains("if-none-match"));
    EXPECT_EQ(service_.Refused(call, Answer(501, "NotImplemented")).fault(),
              StoreFault::kPermanent);
}

TEST_F(S3ServiceTest, AnExpiredTokenIsAskedForAnew) {
    EXPECT_EQ(service_.Refused(Call("GET", "read"), Answer(400, "ExpiredToken")).fault(),
              StoreFault::kTransient);
    // A HEAD cannot say why.
    HttpAnswer mute;
    mute.status = 400;
    EXPECT_EQ(service_.Refused(Call("HEAD", "look up"), mute).fault(), StoreFault::kTransient);
    mute.status = 403;
    EXPECT_EQ(service_.Refused(Call("HEAD", "look up"), mute).fault(), StoreFault::kPermanent);
}

TEST(S3Answers, ControlCharactersAreEscaped) {
    const StoreError error =
        S3Refused(Call("PUT", "write"), kUrl, Answer(400, "Odd", "a\x1b[31mred"));
    EXPECT_EQ(error.detail().find('\x1b'), std::string::npos) << error.detail();
}

TEST(S3Credentials, AreReadFromAFile) {
    constexpr const char* kText =
        "# keys\n[other]\naws_access_key_id = A\naws_secret_access_key=B\n"
        "[ mine ]\r\n aws_access_key_id=C\r\naws_secret_access_key = D=\r\n"
        "aws_session_token = E\n[half]\naws_access_key_id = F\n";
    const auto mine = ParseCredentialsFile(kText, "mine");
    ASSERT_TRUE(mine);
    EXPECT_EQ(mine->access_key, "C");
    EXPECT_EQ(mine->secret_key, "D=");
    EXPECT_EQ(mine->session_token, "E");
    EXPECT_EQ(ParseCredentialsFile(kText, "other")->session_token, "");
    EXPECT_FALSE(ParseCredentialsFile(kText, "half"));
    EXPECT_FALSE(ParseCredentialsFile(kText, "none"));
}

TEST(S3Credentials, OfAnInstanceEnd) {
    const auto found = ParseInstanceCredentials(
        R"({"AccessKeyId":"A","SecretAccessKey":"B","Token":"C","Expiration":"2026-11-20T02:15:00Z"})");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->session_token, "C");
    ASSERT_TRUE(found->expires);
    EXPECT_EQ(Rfc3339(*found->expires), "2026-11-20T02:15:00.000000Z");
    EXPECT_FALSE(ParseInstanceCredentials("<html>"));
    EXPECT_FALSE(ParseInstanceCredentials(R"({"AccessKeyId":"A"})"));
}

} // namespace
} // namespace lifeboat
