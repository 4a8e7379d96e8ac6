// What an S3 service answers, read: listings, and errors in words for the person who has to mend
// what is wrong.
#pragma once

#include <string>
#include <string_view>

#include "core/store/service.h"

namespace lifeboat {

// The code of an error's XML body, "" when it has none.
std::string S3ErrorCode(const HttpAnswer& answer);
// The error for an answer that is not what was hoped for. `url` is the store's.
StoreError S3Refused(const ServiceCall& call, std::string_view url, const HttpAnswer& answer);
// Of ListObjectsV2; names are keys of the bucket. Throws StoreError (transient) when it is
// something else.
ServiceListing ParseS3Listing(const ServiceCall& call, std::string_view url,
                              const HttpAnswer& answer);

} // namespace lifeboat
