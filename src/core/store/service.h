// What differs between the services that keep objects over HTTP: how a request is written and
// signed, what an answer means. ServiceStore does the rest.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/crypto/sha256.h"
#include "core/io/http.h"
#include "core/store/store.h"

namespace lifeboat {

struct ServiceCall {
    std::string method;
    std::string action; // for messages: "write", "read", "look up", "list", "remove"
    std::string name;   // store-relative; "" for the store itself
    std::vector<std::pair<std::string, std::string>> query;  // not encoded
    std::map<std::string, std::string, std::less<>> headers; // lower-case names
    std::shared_ptr<const HttpBody> body;
    std::string body_sha256; // hexadecimal; empty: of nothing
    size_t most_answer = size_t{1} << 20;
};

struct ServiceListing {
    std::vector<StoreObject> objects; // store-relative names, but not checked
    std::string next;                 // token of the next page; empty: this is the last
};

// What every service's store has.
struct ServiceSite {
    std::string url;     // of the store, without secrets
    std::string prefix;  // of all names; without '/' at either end; may be empty
    std::string ca_file; // PEM; empty: the system's
    std::chrono::milliseconds timeout{60'000};
};

class Service {
public:
    explicit Service(ServiceSite site) : site_(std::move(site)) {}
    virtual ~Service() = default;
    [[nodiscard]] const std::string& url() const noexcept { return site_.url; }
    [[nodiscard]] HttpSettings Settings() const;
    // For no answer at all.
    [[nodiscard]] std::string HintFor(HttpFault fault) const;
    // "https://host": for messages.
    [[nodiscard]] virtual std::string Endpoint() const = 0;

    // Sets the headers of an object's PUT: create-once, checksum, what the options ask for. Again
    // before each try: a service may have said what it does not take.
    virtual void DescribePut(ServiceCall& call, const Sha256Digest& digest) = 0;
    virtual ServiceCall ListCall(std::string_view prefix, const std::string& token) = 0;
    // With the signature of this moment: what is sent again is written again. May ask for
    // credentials and wait for them.
    virtual HttpRequest Write(const ServiceCall& call, Interrupt& interrupt) = 0;

    // Some services say 200 and then that they have failed.
    [[nodiscard]] virtual bool IsRefusal(const ServiceCall& call,
                                         const HttpAnswer& answer) const = 0;
    // The error for an answer that is not what was hoped for.
    virtual StoreError Refused(const ServiceCall& call, const HttpAnswer& answer) = 0;
    // Throws StoreError (transient) when the answer is something else.
    virtual ServiceListing ParseListing(const ServiceCall& call, const HttpAnswer& answer) = 0;

protected:
    // The service's name for an object, or for what is below a prefix.
    [[nodiscard]] std::string Key(std::string_view name) const;
    // From the service's names to the store's; others are left out.
    void KeepOwnNames(ServiceListing& listing) const;

private:
    ServiceSite site_;
};

// What a page of a listing says, or StoreError: who removes what is not needed goes by listings, so
// nothing in them is guessed.
StoreError BadListing(const ServiceCall& call, std::string_view url, std::string detail);
uint64_t ListedSize(const ServiceCall& call, std::string_view url, std::string_view text);
Instant ListedTime(const ServiceCall& call, std::string_view url, std::optional<Instant> time);

Sha256Digest Sha256Of(const HttpBody& body);
// The MD5 of a body in base64, as services compare it; "" where OpenSSL has none (FIPS).
std::string Md5Base64(const HttpBody& body);

// "write \"objects/…\" in store \"s3://…\"", for messages.
std::string Describe(const ServiceCall& call, std::string_view url);

} // namespace lifeboat
