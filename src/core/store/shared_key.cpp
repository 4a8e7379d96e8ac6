#include "core/store/shared_key.h"

#include <algorithm>

#include "core/crypto/hmac.h"
#include "core/crypto/openssl.h"

namespace lifeboat {
namespace {

std::string Header(const SharedKeyRequest& request, const char* name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? std::string() : found->second;
}

} // namespace

std::string SharedKeyStringToSign(const SharedKeyRequest& request, const std::string& account) {
    std::string text = request.method + "\n";
    for (const char* name : {"content-encoding", "content-language"})
        text += Header(request, name) + "\n";
    // Since version 2015-02-21 the empty string stands for no content.
    text += (request.content_length == 0 ? "" : std::to_string(request.content_length)) + "\n";
    for (const char* name : {"content-md5", "content-type", "date", "if-modified-since", "if-match",
                             "if-none-match", "if-unmodified-since", "range"})
        text += Header(request, name) + "\n";
    for (const auto& [name, value] : request.headers) {
        if (name.starts_with("x-ms-")) text += name + ":" + value + "\n";
    }
    text += "/" + account + request.path;
    auto query = request.query;
    std::ranges::sort(query);
    for (const auto& [name, value] : query) text += "\n" + name + ":" + value;
    return text;
}

std::string SharedKeyAuthorization(const SharedKeyRequest& request, const std::string& account,
                                   Bytes key) {
    const std::string text = SharedKeyStringToSign(request, account);
    return "SharedKey " + account + ":" + Base64(HmacSha256(key, AsBytes(text)));
}

} // namespace lifeboat
