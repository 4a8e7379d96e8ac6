// From a URL to a driver: file:///path, s3://bucket/prefix, azure://account/container/prefix.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/store/store.h"

namespace lifeboat {

struct Location {
    std::string scheme; // "file", "s3", "azure"
    std::string host;   // of s3 the bucket, of azure "account/container"
    std::string
        path; // normalised: no "//", ".", "..", trailing "/"; absolute; "" only of a service
    [[nodiscard]] std::string Url() const;
    // In the file system of whoever opens it: the rights to its files are needed.
    [[nodiscard]] bool IsDirectory() const noexcept { return scheme == "file"; }
};

// Throws Error(InvalidValue): unknown scheme (lists the known ones), relative path, user:password
// in the URL, control characters.
Location ParseLocation(std::string_view url);

using StoreOptions = std::map<std::string, std::string>;
// Throws Error(InvalidValue) for an option the scheme does not know.
void CheckOptions(const Location& location, const StoreOptions& options);

// Opens the driver wrapped in its decorators (retry, limit). Touches nothing yet.
std::unique_ptr<Store> OpenStore(const Location& location, const StoreOptions& options,
                                 Interrupt& interrupt);

} // namespace lifeboat
