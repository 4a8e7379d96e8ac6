#include "core/store/azure_answers.h"
#include "core/store/azure_credentials.h"
#include "core/store/azure_options.h"
#include "core/store/shared_key.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace lifeboat::test {
namespace {

// The example of "Authorize with Shared Key" in Microsoft's reference.
TEST(SharedKey, StringToSignOfTheReference) {
    SharedKeyRequest request;
    request.method = "GET";
    request.path = "/mycontainer";
    request.query = {{"restype", "container"}, {"comp", "metadata"}, {"timeout", "20"}};
    request.headers = {{"x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT"},
                       {"x-ms-version", "2015-02-21"}};
    EXPECT_EQ(SharedKeyStringToSign(request, "myaccount"),
              "GET\n\n\n\n\n\n\n\n\n\n\n\n"
              "x-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n"
              "/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20");
}

TEST(SharedKey, HeadersOfAPutStandInTheirPlaces) {
    SharedKeyRequest request;
    request.method = "PUT";
    request.path = "/c/objects/x";
    request.headers = {{"content-type", "t"},
                       {"if-none-match", "*"},
                       {"range", "bytes=0-1"},
                       {"content-md5", "m"}};
    request.content_length = 11;
    EXPECT_EQ(SharedKeyStringToSign(request, "a"),
              "PUT\n\n\n11\nm\nt\n\n\n\n*\n\nbytes=0-1\n/a/c/objects/x");
}

TEST(AzureCredentials, AKeyOrAToken) {
    EXPECT_EQ(AsText(ParseAzureCredentials(" a2V5\n", "env").key), "key");
    EXPECT_EQ(AsText(ParseAzureCredentials("a2V5MQ==", "env").key), "key1");
    EXPECT_EQ(ParseAzureCredentials("?sv=2020&sig=a%2Bb\n", "env").sas, "sv=2020&sig=a%2Bb");
    // A key may end like that; a token begins a part so.
    EXPECT_FALSE(ParseAzureCredentials("AAAAsig=", "env").key.empty());
    EXPECT_EQ(ParseAzureCredentials("sig=x&sv=1", "env").sas, "sig=x&sv=1");
    const auto thrown = Catch([] { ParseAzureCredentials("not a key: geheim", "file:/k"); });
    EXPECT_EQ(thrown.code, Errc::KeyWrong);
    EXPECT_EQ(thrown.message, "the credentials of the store are no key and no token");
    EXPECT_EQ(thrown.detail, "They come from file:/k.");
}

TEST(AzureOptions, WithoutAnyItIsMicrosoft) {
    const AzureOptions options = ParseAzureOptions("account1", {});
    EXPECT_EQ(options.endpoint.scheme, "https");
    EXPECT_EQ(options.endpoint.host, "account1.blob.core.windows.net");
    EXPECT_EQ(options.endpoint.path, "");
}

TEST(AzureOptions, AnEndpointMayHaveTheAccountInItsPath) {
    const AzureOptions options = ParseAzureOptions(
        "devstoreaccount1", {{"endpoint", "http://127.0.0.1:10000/devstoreaccount1/"},
                             {"storage_class", "Cool"},
                             {"tags", "team=db a"},
                             {"timeout", "5s"}});
    EXPECT_EQ(options.endpoint.host, "127.0.0.1:10000");
    EXPECT_EQ(options.endpoint.path, "/devstoreaccount1");
    EXPECT_EQ(options.object_headers,
              (std::map<std::string, std::string>{{"x-ms-access-tier", "Cool"},
                                                  {"x-ms-tags", "team=db%20a"}}));
    EXPECT_EQ(options.timeout, std::chrono::seconds(5));
}

TEST(AzureOptions, RefusesWithWords) {
    const std::pair<StoreOptions, std::string> cases[] = {
        {{{"storage_class", "GLACIER"}},
         "invalid value for store option \"storage_class\": \"GLACIER\""},
        {{{"storage_class", "Archive"}},
         "invalid value for store option \"storage_class\": \"Archive\""},
        {{{"credentials", "instance"}},
         "invalid value for store option \"credentials\": \"instance\""},
        {{{"region", "eu"}}, "stores of scheme \"azure\" have no option \"region\""},
    };
    for (const auto& [options, message] : cases) {
        SCOPED_TRACE(message);
        const auto thrown = Catch([&given = options] { ParseAzureOptions("account1", given); });
        EXPECT_EQ(thrown.code, Errc::InvalidValue);
        EXPECT_EQ(thrown.message, message);
    }
}

ServiceCall ReadCall() {
    ServiceCall call;
    call.method = "GET";
    call.action = "read";
    call.name = "repo.json";
    return call;
}

TEST(AzureAnswers, AreReadAsErrors) {
    HttpAnswer answer;
    answer.status = 403;
    answer.headers = {{"x-ms-error-code", "AuthorizationPermissionMismatch"},
                      {"x-ms-request-id", "5f1a"}};
    answer.body =
        "<?xml version=\"1.0\"?><Error><Code>AuthorizationPermissionMismatch</Code>"
        "<Message>This request is not authorized.\nRequestId:5f1a</Message></Error>";
    const StoreError error = AzureRefused(ReadCall(), "azure://a/b", answer);
    EXPECT_EQ(error.fault(), StoreFault::kPermanent);
    EXPECT_EQ(error.code(), Errc::StoreDenied);
    EXPECT_EQ(error.message(), "could not read \"repo.json\" in store \"azure://a/b\"");
    EXPECT_EQ(error.detail(),
              "The service answered 403 AuthorizationPermissionMismatch: This request is not "
              "authorized. Its request id is 5f1a.");
    EXPECT_EQ(error.hint(),
              "The shared access signature needs the rights create and read, to prune also list "
              "and delete.");
}

TEST(AzureAnswers, KnowWhatIsAbsentAndWhatIsThere) {
    HttpAnswer answer;
    answer.status = 404;
    // The service gives each of its errors a code: this page is of somebody between here and there.
    EXPECT_EQ(AzureRefused(ReadCall(), "u", answer).fault(), StoreFault::kTransient);
    answer.headers["x-ms-error-code"] = "BlobNotFound";
    EXPECT_EQ(AzureRefused(ReadCall(), "u", answer).fault(), StoreFault::kNotFound);
    answer.headers["x-ms-error-code"] = "ContainerNotFound";
    EXPECT_EQ(AzureRefused(ReadCall(), "u", answer).code(), Errc::StoreMissing);
    answer.status = 409;
    answer.headers["x-ms-error-code"] = "BlobAlreadyExists";
    EXPECT_EQ(AzureRefused(ReadCall(), "u", answer).fault(), StoreFault::kExists);
    answer.status = 403;
    answer.headers["x-ms-error-code"] = "UnauthorizedBlobOverwrite";
    EXPECT_EQ(AzureRefused(ReadCall(), "u", answer).fault(), StoreFault::kExists);
    answer.status = 503;
    answer.headers["x-ms-error-code"] = "ServerBusy";
    EXPECT_EQ(AzureRefused(ReadCall(), "u", answer).fault(), StoreFault::kTransient);
}

TEST(AzureAnswers, ReadAListing) {
    HttpAnswer answer;
    answer.status = 200;
    answer.body =
        "\xef\xbb\xbf<?xml "
        "version=\"1.0\"?><EnumerationResults><Blobs><Blob><Name>p/objects/x</Name>"
        "<Properties><Last-Modified>Fri, 20 Nov 2026 02:15:00 GMT</Last-Modified>"
        "<Content-Length>42</Content-Length></Properties></Blob></Blobs>"
        "<NextMarker>more</NextMarker></EnumerationResults>";
    const ServiceListing listing = ParseAzureListing(ReadCall(), "u", answer);
    ASSERT_EQ(listing.objects.size(), 1U);
    EXPECT_EQ(listing.objects[0].name, "p/objects/x");
    EXPECT_EQ(listing.objects[0].size, 42U);
    EXPECT_EQ(Rfc3339(listing.objects[0].modified), "2026-11-20T02:15:00.000000Z");
    EXPECT_EQ(listing.next, "more");
    const std::string sound = answer.body;
    for (const auto& [part, other] : {std::pair("Fri, 20 Nov 2026 02:15:00 GMT", "yesterday"),
                                      std::pair(">42<", "><"), std::pair(">42<", ">4x2<")}) {
        answer.body = sound;
        answer.body.replace(sound.find(part), std::string(part).size(), other);
        EXPECT_THROW(ParseAzureListing(ReadCall(), "u", answer), StoreError) << other;
    }
    answer.body = "<html>maintenance</html>";
    EXPECT_THROW(ParseAzureListing(ReadCall(), "u", answer), StoreError);
}

} // namespace
} // namespace lifeboat::test
