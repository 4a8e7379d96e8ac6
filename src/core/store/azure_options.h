// Options of an Azure Blob store, checked.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "core/store/location.h"
#include "core/store/service_options.h"

namespace lifeboat {

struct AzureOptions {
    // https://ACCOUNT.blob.core.windows.net, or what option "endpoint" says, which has the account
    // in its path where the service is none of Microsoft's (Azurite).
    Endpoint endpoint;
    std::string ca_file; // empty: the system's
    std::chrono::milliseconds timeout{60'000};
    std::string credentials = "env";                   // "env" or "file:/path"
    std::map<std::string, std::string> object_headers; // of every PUT: access tier, tags
};

// Throws Error(InvalidValue), which names the option; also for one that is not known. `max_rate` is
// everybody's and not looked at.
AzureOptions ParseAzureOptions(const std::string& account, const StoreOptions& options);

} // namespace lifeboat
