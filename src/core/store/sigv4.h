// AWS Signature Version 4: what proves to an S3 service that a request comes from whoever has the
// secret key (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"

namespace lifeboat {

// Percent-encoded as the signature wants it: everything but A-Z a-z 0-9 - _ . ~ (and '/' in a
// path).
std::string EncodeQueryPart(std::string_view text);
std::string EncodePath(std::string_view path);

struct SigV4Request {
    std::string method;
    std::string path;                                        // encoded, begins with '/'
    std::vector<std::pair<std::string, std::string>> query;  // not encoded, in any order
    std::map<std::string, std::string, std::less<>> headers; // lower-case names; `host` among them
    std::string payload_sha256;                              // hexadecimal
};

struct SigV4Key {
    std::string access_key;
    std::string secret_key;
    std::string region;
    std::string service = "s3";
};

// "name=value&…", encoded and sorted: as it must stand in the URL.
std::string CanonicalQuery(const std::vector<std::pair<std::string, std::string>>& query);
// The value of the header `Authorization`. The request's header x-amz-date is CompactUtc(at).
std::string SigV4Authorization(const SigV4Request& request, const SigV4Key& key, Instant at);

} // namespace lifeboat
