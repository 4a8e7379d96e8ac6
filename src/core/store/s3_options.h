// Options of an S3 store, checked: where the service is, and what each object is stored with.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/store/location.h"

namespace lifeboat {

struct S3Options {
    std::string scheme; // "https" or "http"
    std::string host;   // with ":port" where it is not the scheme's own
    std::string region;
    bool path_style = false; // https://host/bucket/key, not https://bucket.host/key
    std::string ca_file;     // empty: the system's
    std::chrono::milliseconds timeout{60'000};
    std::string credentials = "env";                   // "env", "file:/path", "instance"
    std::string profile = "default";                   // in that file
    std::map<std::string, std::string> object_headers; // of every PUT: storage class, encryption, …
    std::optional<int> lock_days;                      // objects may not be removed for so long
    std::string lock_mode = "GOVERNANCE";

    [[nodiscard]] bool InPath(std::string_view bucket) const;
    [[nodiscard]] std::string Host(std::string_view bucket) const;
    // Of a key of the bucket, encoded, with the bucket where it belongs there. "" is the bucket
    // itself.
    [[nodiscard]] std::string Path(std::string_view bucket, std::string_view key) const;
};

// Throws Error(InvalidValue), which names the option; also for one that is not known. `max_rate` is
// everybody's and not looked at.
S3Options ParseS3Options(const StoreOptions& options);

} // namespace lifeboat
