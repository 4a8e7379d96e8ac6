#include "core/store/sigv4.h"

#include <algorithm>

#include "core/crypto/hmac.h"

namespace lifeboat {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string Encode(std::string_view text, bool keep_slash) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~' ||
                           (keep_slash && c == '/');
        if (plain) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return encoded;
}

// Runs of spaces count as one, and none stands at either end.
std::string TrimmedValue(std::string_view value) {
    std::string trimmed;
    for (const char c : value) {
        if (c == ' ' && (trimmed.empty() || trimmed.back() == ' ')) continue;
        trimmed += c;
    }
    if (!trimmed.empty() && trimmed.back() == ' ') trimmed.pop_back();
    return trimmed;
}

std::string SignedHeaders(const SigV4Request& request) {
    std::string names;
    for (const auto& [name, value] : request.headers) names += (names.empty() ? "" : ";") + name;
    return names;
}

std::string CanonicalRequest(const SigV4Request& request) {
    std::string text =
        request.method + "\n" + request.path + "\n" + CanonicalQuery(request.query) + "\n";
    for (const auto& [name, value] : request.headers)
        text += name + ":" + TrimmedValue(value) + "\n";
    return text + "\n" + SignedHeaders(request) + "\n" + request.payload_sha256;
}

Sha256Digest SigningKey(const SigV4Key& key, std::string_view day) {
    Sha256Digest signing = HmacSha256(AsBytes("AWS4" + key.secret_key), AsBytes(day));
    for (const std::string_view part : {std::string_view(key.region), std::string_view(key.service),
                                        std::string_view("aws4_request")})
        signing = HmacSha256(signing, AsBytes(part));
    return signing;
}

} // namespace

std::string EncodeQueryPart(std::string_view text) { return Encode(text, false); }
std::string EncodePath(std::string_view path) { return Encode(path, true); }

std::string CanonicalQuery(const std::vector<std::pair<std::string, std::string>>& query) {
    std::vector<std::pair<std::string, std::string>> encoded;
    encoded.reserve(query.size());
    for (const auto& [name, value] : query)
        encoded.emplace_back(EncodeQueryPart(name), EncodeQueryPart(value));
    std::sort(encoded.begin(), encoded.end());
    std::string text;
    for (const auto& [name, value] : encoded)
        text += (text.empty() ? "" : "&") + name + "=" + value;
    return text;
}

std::string SigV4Authorization(const SigV4Request& request, const SigV4Key& key, Instant at) {
    const std::string time = CompactUtc(at);
    const std::string day = time.substr(0, 8);
    const std::string scope = day + "/" + key.region + "/" + key.service + "/aws4_request";
    const std::string to_sign = std::string(kAlgorithm) + "\n" + time + "\n" + scope + "\n" +
                                ToHex(Sha256Of(AsBytes(CanonicalRequest(request))));
    return std::string(kAlgorithm) + " Credential=" + key.access_key + "/" + scope +
           ",SignedHeaders=" + SignedHeaders(request) +
           ",Signature=" + ToHex(HmacSha256(SigningKey(key, day), AsBytes(to_sign)));
}

} // namespace lifeboat
