#include "core/store/azure_service.h"

#include <algorithm>
#include <utility>

#include "core/crypto/openssl.h"
#include "core/store/azure_answers.h"
#include "core/store/shared_key.h"
#include "core/store/sigv4.h"

namespace lifeboat {
namespace {

// The first that takes objects of 5,000 MiB in one Put Blob is 2019-12-12.
constexpr const char* kVersion = "2020-10-02";

constexpr std::chrono::minutes kAskAgainAfter{1};

} // namespace

AzureService::AzureService(Place place, AzureOptions options)
    : Service({place.url, place.prefix, options.ca_file, options.timeout}),
      account_(std::move(place.account)),
      container_(std::move(place.container)),
      options_(std::move(options)),
      credentials_(options_.credentials) {}

std::string AzureService::Endpoint() const {
    return options_.endpoint.scheme + "://" + options_.endpoint.host;
}

void AzureService::DescribePut(ServiceCall& call, const Sha256Digest& digest) {
    call.headers.clear();
    call.headers.insert(options_.object_headers.begin(), options_.object_headers.end());
    call.headers["content-type"] = "application/octet-stream";
    call.headers["if-none-match"] = "*";
    call.headers["x-ms-blob-type"] = "BlockBlob";
    call.headers["x-ms-meta-sha256"] = ToHex(digest);
    if (const std::string md5 = Md5Base64(*call.body); !md5.empty())
        call.headers["content-md5"] = md5;
}

ServiceCall AzureService::ListCall(std::string_view prefix, const std::string& token) {
    std::string below = Key(prefix);
    if (!below.empty()) below += '/';
    ServiceCall call;
    call.method = "GET";
    call.action = "list";
    call.query = {{"restype", "container"}, {"comp", "list"}, {"prefix", below}};
    if (!token.empty()) call.query.emplace_back("marker", token);
    call.most_answer = size_t{16} << 20;
    return call;
}

HttpRequest AzureService::Write(const ServiceCall& call, Interrupt& interrupt) {
    const AzureCredentials& credentials = credentials_.Get(interrupt);
    SharedKeyRequest request;
    request.method = call.method;
    request.path = options_.endpoint.path + "/" + EncodePath(container_);
    if (!call.name.empty()) request.path += "/" + EncodePath(Key(call.name));
    request.query = call.query;
    request.headers = call.headers;
    request.headers["x-ms-date"] = HttpDate(Now());
    request.headers["x-ms-version"] = kVersion;
    if (call.body) request.content_length = call.body->size();

    HttpRequest http;
    http.url = Endpoint() + request.path;
    std::string query = CanonicalQuery(call.query);
    if (!credentials.sas.empty()) query += (query.empty() ? "" : "&") + credentials.sas;
    if (!query.empty()) http.url += "?" + query;
    for (const auto& [name, value] : request.headers) http.headers.push_back(name + ": " + value);
    if (credentials.sas.empty())
        http.headers.push_back("Authorization: " +
                               SharedKeyAuthorization(request, account_, credentials.key));
    return http;
}

bool AzureService::IsRefusal(const ServiceCall& /*call*/, const HttpAnswer& answer) const {
    return !answer.Header("x-ms-error-code").empty();
}

StoreError AzureService::Refused(const ServiceCall& call, const HttpAnswer& answer) {
    StoreError refused = AzureRefused(call, url(), answer);
    if (AzureErrorCode(answer) != "AuthenticationFailed") return refused;
    // A token that has ended may have been replaced where it comes from: that is tried once.
    credentials_.Forget();
    const Instant now = Now();
    if (now - std::exchange(refused_at_, now) < kAskAgainAfter) return refused;
    return {StoreFault::kTransient, refused.code(), refused.message(), refused.detail(),
            refused.hint()};
}

ServiceListing AzureService::ParseListing(const ServiceCall& call, const HttpAnswer& answer) {
    ServiceListing listing = ParseAzureListing(call, url(), answer);
    KeepOwnNames(listing);
    return listing;
}

} // namespace lifeboat
