// What proves to Azure Blob Storage that a request comes from whoever has the account's key
// (learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key).
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/bytes.h"

namespace lifeboat {

struct SharedKeyRequest {
    std::string method;
    std::string path;                                        // encoded, as in the URL
    std::vector<std::pair<std::string, std::string>> query;  // not encoded
    std::map<std::string, std::string, std::less<>> headers; // lower-case names
    uint64_t content_length = 0;
};

// What is signed: for the tests.
std::string SharedKeyStringToSign(const SharedKeyRequest& request, const std::string& account);
// The value of the header `Authorization`. `key` is the decoded key of the account.
std::string SharedKeyAuthorization(const SharedKeyRequest& request, const std::string& account,
                                   Bytes key);

} // namespace lifeboat
