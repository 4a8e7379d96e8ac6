// Azure Blob Storage, with the key of the account or a shared access signature.
#pragma once

#include "core/store/azure_credentials.h"
#include "core/store/azure_options.h"
#include "core/store/service.h"

namespace lifeboat {

class AzureService final : public Service {
public:
    struct Place {
        std::string account;
        std::string container;
        std::string prefix; // without '/' at either end; may be empty
        std::string url;    // of all
    };

    AzureService(Place place, AzureOptions options);

    [[nodiscard]] std::string Endpoint() const override;
    void DescribePut(ServiceCall& call, const Sha256Digest& digest) override;
    ServiceCall ListCall(std::string_view prefix, const std::string& token) override;
    HttpRequest Write(const ServiceCall& call, Interrupt& interrupt) override;
    [[nodiscard]] bool IsRefusal(const ServiceCall& call, const HttpAnswer& answer) const override;
    StoreError Refused(const ServiceCall& call, const HttpAnswer& answer) override;
    ServiceListing ParseListing(const ServiceCall& call, const HttpAnswer& answer) override;

private:
    std::string account_;
    std::string container_;
    AzureOptions options_;
    AzureCredentialSource credentials_;
    Instant refused_at_{};
};

} // namespace lifeboat
