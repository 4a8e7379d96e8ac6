#include "core/store/azure_service.h"

#include <algorithm>

#include "core/crypto/openssl.h"
#include "core/store/azure_answers.h"
#include "core/store/shared_key.h"
#include "core/store/sigv4.h"

namespace lifeboat {
namespace {

// The first that takes objects of 5,000 MiB in one Put Blob is 2019-12-12.
constexpr const char* kVersion = "2020-10-02";
constexpr std::chrono::milliseconds kConnectTimeout{10'000};

constexpr std::chrono::minutes kAskAgainAfter{1};

} // namespace

AzureService::AzureService(Place place, AzureOptions options)
    : place_(std::move(place)), options_(std::move(options)), credentials_(options_.credentials) {}

std::string AzureService::Endpoint() const {
    return options_.endpoint.scheme + "://" + options_.endpoint.host;
}

HttpSettings AzureService::Settings() const {
    HttpSettings settings;
    settings.ca_file = options_.ca_file;
    settings.connect_timeout = std::min(options_.timeout, kConnectTimeout);
    settings.timeout = options_.timeout;
    return settings;
}

std::string AzureService::Key(std::string_view name) const {
    if (place_.prefix.empty()) return std::string(name);
    return name.empty() ? place_.prefix : place_.prefix + "/" + std::string(name);
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
    request.path = options_.endpoint.path + "/" + EncodePath(place_.container);
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
                               SharedKeyAuthorization(request, place_.account, credentials.key));
    return http;
}

bool AzureService::IsRefusal(const ServiceCall& /*call*/, const HttpAnswer& answer) const {
    return !answer.Header("x-ms-error-code").empty();
}

StoreError AzureService::Refused(const ServiceCall& call, const HttpAnswer& answer) {
    StoreError refused = AzureRefused(call, place_.url, answer);
    if (AzureErrorCode(answer) != "AuthenticationFailed") return refused;
    // A token that has ended may have been replaced where it comes from: that is tried once.
    credentials_.Forget();
    const Instant now = Now();
    if (now - std::exchange(refused_at_, now) < kAskAgainAfter) return refused;
    return {StoreFault::kTransient, refused.code(), refused.message(), refused.detail(),
            refused.hint()};
}

std::string AzureService::HintFor(HttpFault fault) const {
    switch (fault) {
    case HttpFault::kName:
        return "Correct the account in the URL or option \"endpoint\", or the name service of this "
               "machine.";
    case HttpFault::kConnect:
        return "Is the service up, and is its port reachable from this machine?";
    case HttpFault::kHandshake: return "Does the service speak https there?";
    case HttpFault::kTls:
        return "If the service has a certificate of your own authority, name that with option "
               "\"ca_file\".";
    case HttpFault::kSettings:
        return "Option \"ca_file\" names a file of certificates (PEM) that this process can read.";
    default: return {};
    }
}

ServiceListing AzureService::ParseListing(const ServiceCall& call, const HttpAnswer& answer) {
    ServiceListing listing = ParseAzureListing(call, place_.url, answer);
    const size_t strip = place_.prefix.empty() ? 0 : place_.prefix.size() + 1;
    std::erase_if(listing.objects,
                  [strip](const StoreObject& object) { return object.name.size() <= strip; });
    for (StoreObject& object : listing.objects) object.name.erase(0, strip);
    return listing;
}

} // namespace lifeboat
