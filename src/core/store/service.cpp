#include "core/store/service.h"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

#include "core/crypto/openssl.h"

namespace lifeboat {

HttpSettings Service::Settings() const {
    constexpr std::chrono::milliseconds kConnectTimeout{10'000};
    HttpSettings settings;
    settings.ca_file = site_.ca_file;
    settings.connect_timeout = std::min(site_.timeout, kConnectTimeout);
    settings.timeout = site_.timeout;
    return settings;
}

std::string Service::HintFor(HttpFault fault) const {
    switch (fault) {
    case HttpFault::kName:
        return "Correct the URL or the store's options, or the name service of this machine.";
    case HttpFault::kConnect:
        return "Is the service up, and is its port reachable from this machine?";
    case HttpFault::kHandshake: return "Does the service speak https there?";
    case HttpFault::kTls:
        return site_.ca_file.empty()
                   ? "If the service has a certificate of your own authority, name that with "
                     "option \"ca_file\"."
                   : "Option \"ca_file\" must hold the certificate of the authority that signed "
                     "the service's.";
    case HttpFault::kSettings:
        return "Option \"ca_file\" names a file of certificates (PEM) that this process can read.";
    default: return {};
    }
}

std::string Service::Key(std::string_view name) const {
    if (site_.prefix.empty()) return std::string(name);
    return name.empty() ? site_.prefix : site_.prefix + "/" + std::string(name);
}

void Service::KeepOwnNames(ServiceListing& listing) const {
    const size_t strip = site_.prefix.empty() ? 0 : site_.prefix.size() + 1;
    std::erase_if(listing.objects,
                  [strip](const StoreObject& object) { return object.name.size() <= strip; });
    for (StoreObject& object : listing.objects) object.name.erase(0, strip);
}

std::string Describe(const ServiceCall& call, std::string_view url) {
    const std::string store = "store \"" + Printable(url) + "\"";
    if (call.name.empty()) return call.action + " " + store;
    return call.action + " \"" + Printable(call.name) + "\" in " + store;
}

StoreError BadListing(const ServiceCall& call, std::string_view url, std::string detail) {
    return {StoreFault::kPermanent, Errc::StoreRefused, "could not " + Describe(call, url),
            "The service's listing makes no sense. " + std::move(detail)};
}

uint64_t ListedSize(const ServiceCall& call, std::string_view url, std::string_view text) {
    uint64_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc{} || end != text.data() + text.size())
        throw BadListing(call, url, "It says a size of \"" + Printable(text, 40) + "\".");
    return size;
}

Instant ListedTime(const ServiceCall& call, std::string_view url, std::optional<Instant> time) {
    if (!time) throw BadListing(call, url, "It has a time that cannot be read.");
    return *time;
}

Sha256Digest Sha256Of(const HttpBody& body) {
    Sha256 hash;
    for (uint64_t at = 0; at < body.size();) {
        const Bytes piece = body.At(at);
        hash.Update(piece);
        at += piece.size();
    }
    return hash.Final();
}

std::string Md5Base64(const HttpBody& body) {
    const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
    if (!context || EVP_DigestInit_ex(context.get(), EVP_md5(), nullptr) != 1) return {};
    for (uint64_t at = 0; at < body.size();) {
        const Bytes piece = body.At(at);
        EVP_DigestUpdate(context.get(), piece.data(), piece.size());
        at += piece.size();
    }
    std::array<std::byte, 16> digest{};
    EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    return Base64(digest);
}

} // namespace lifeboat
