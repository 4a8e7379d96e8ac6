// What Azure Blob Storage answers, read: listings, and errors in words.
#pragma once

#include <string>
#include <string_view>

#include "core/store/service.h"

namespace lifeboat {

// x-ms-error-code, or the code of an error's XML body; "" when it has none.
std::string AzureErrorCode(const HttpAnswer& answer);
// The error for an answer that is not what was hoped for. `url` is the store's.
StoreError AzureRefused(const ServiceCall& call, std::string_view url, const HttpAnswer& answer);
// Of List Blobs; names are those of the container. Throws StoreError (transient) when it is
// something else.
ServiceListing ParseAzureListing(const ServiceCall& call, std::string_view url,
                                 const HttpAnswer& answer);

} // namespace lifeboat
