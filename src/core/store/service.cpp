#include "core/store/service.h"

#include <openssl/evp.h>

#include <charconv>

#include "core/crypto/openssl.h"

namespace lifeboat {

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
