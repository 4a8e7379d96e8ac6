#include "core/store/s3_service.h"

#include <algorithm>
#include <utility>

#include "core/crypto/openssl.h"
#include "core/store/s3_answers.h"
#include "core/store/sigv4.h"

namespace lifeboat {
namespace {

constexpr const char* kSha256OfNothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string Seconds(Instant when) { return Rfc3339(when).substr(0, 19) + "Z"; }

} // namespace

S3Service::S3Service(Place place, S3Options options)
    : Service({place.url, place.prefix, options.ca_file, options.timeout}),
      bucket_(std::move(place.bucket)),
      options_(std::move(options)),
      credentials_(options_) {}

std::string S3Service::Endpoint() const { return options_.scheme + "://" + options_.Host(bucket_); }

void S3Service::DescribePut(ServiceCall& call, const Sha256Digest& digest) {
    call.headers.clear();
    call.headers.insert(options_.object_headers.begin(), options_.object_headers.end());
    call.headers["content-type"] = "application/octet-stream";
    if (takes_conditions_) call.headers["if-none-match"] = "*";
    if (takes_checksums_)
        call.headers["x-amz-checksum-sha256"] = Base64(digest);
    else if (const std::string md5 = Md5Base64(*call.body); !md5.empty())
        call.headers["content-md5"] = md5;
    if (!options_.lock_days) return;
    call.headers["x-amz-object-lock-mode"] = options_.lock_mode;
    call.headers["x-amz-object-lock-retain-until-date"] =
        Seconds(Now() + std::chrono::days(*options_.lock_days));
}

ServiceCall S3Service::ListCall(std::string_view prefix, const std::string& token) {
    std::string below = Key(prefix);
    if (!below.empty()) below += '/';
    ServiceCall call;
    call.method = "GET";
    call.action = "list";
    call.query = {{"list-type", "2"}, {"prefix", below}};
    if (!token.empty()) call.query.emplace_back("continuation-token", token);
    call.most_answer = size_t{8} << 20;
    return call;
}

HttpRequest S3Service::Write(const ServiceCall& call, Interrupt& interrupt) {
    const S3Credentials& credentials = credentials_.Get(interrupt);
    const Instant now = Now();
    SigV4Request request;
    request.method = call.method;
    request.path = options_.Path(bucket_, call.name.empty() ? std::string() : Key(call.name));
    request.query = call.query;
    request.headers = call.headers;
    request.payload_sha256 = call.body_sha256.empty() ? kSha256OfNothing : call.body_sha256;
    request.headers["host"] = options_.Host(bucket_);
    request.headers["x-amz-date"] = CompactUtc(now);
    request.headers["x-amz-content-sha256"] = request.payload_sha256;
    if (!credentials.session_token.empty())
        request.headers["x-amz-security-token"] = credentials.session_token;

    HttpRequest http;
    http.url = Endpoint() + request.path;
    if (!call.query.empty()) http.url += "?" + CanonicalQuery(call.query);
    for (const auto& [name, value] : request.headers) http.headers.push_back(name + ": " + value);
    const SigV4Key key{credentials.access_key, credentials.secret_key, options_.region};
    http.headers.push_back("Authorization: " + SigV4Authorization(request, key, now));
    return http;
}

bool S3Service::IsRefusal(const ServiceCall& call, const HttpAnswer& answer) const {
    // The start of an object of ours never looks like that.
    if (call.method == "GET" && answer.status == 206) return false;
    return !S3ErrorCode(answer).empty();
}

StoreError S3Service::Refused(const ServiceCall& call, const HttpAnswer& answer) {
    StoreError refused = S3Refused(call, url(), answer);
    if (!MayBeTakenNow(call, answer)) return refused;
    return {StoreFault::kTransient, refused.code(), refused.message(), refused.detail(),
            refused.hint()};
}

// Whether the next try is another one: with other credentials, if there are any, or without what
// the service does not know.
bool S3Service::MayBeTakenNow(const ServiceCall& call, const HttpAnswer& answer) {
    const std::string code = S3ErrorCode(answer);
    // The answer to a HEAD has no body to say that a token has ended.
    const bool mute =
        call.method == "HEAD" && code.empty() && (answer.status == 400 || answer.status == 401);
    if (code == "ExpiredToken" || code == "TokenRefreshRequired" || mute) {
        credentials_.Forget();
        return true;
    }
    if (call.method != "PUT" || (answer.status != 400 && answer.status != 501)) return false;
    if (takes_checksums_ && answer.body.find("x-amz-checksum") != std::string::npos)
        return std::exchange(takes_checksums_, false);
    return takes_conditions_ && answer.status == 501 && std::exchange(takes_conditions_, false);
}

ServiceListing S3Service::ParseListing(const ServiceCall& call, const HttpAnswer& answer) {
    ServiceListing listing = ParseS3Listing(call, url(), answer);
    KeepOwnNames(listing);
    return listing;
}

} // namespace lifeboat
