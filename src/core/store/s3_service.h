// Any service that speaks Amazon's S3.
#pragma once

#include "core/store/s3_credentials.h"
#include "core/store/s3_options.h"
#include "core/store/service.h"

namespace lifeboat {

class S3Service final : public Service {
public:
    struct Place {
        std::string bucket;
        std::string prefix; // without '/' at either end; may be empty
        std::string url;    // of both
    };

    S3Service(Place place, S3Options options);

    [[nodiscard]] std::string Endpoint() const override;
    void DescribePut(ServiceCall& call, const Sha256Digest& digest) override;
    ServiceCall ListCall(std::string_view prefix, const std::string& token) override;
    HttpRequest Write(const ServiceCall& call, Interrupt& interrupt) override;
    [[nodiscard]] bool IsRefusal(const ServiceCall& call, const HttpAnswer& answer) const override;
    StoreError Refused(const ServiceCall& call, const HttpAnswer& answer) override;
    ServiceListing ParseListing(const ServiceCall& call, const HttpAnswer& answer) override;

private:
    bool MayBeTakenNow(const ServiceCall& call, const HttpAnswer& answer);
    std::string bucket_;
    S3Options options_;
    S3CredentialSource credentials_;
    // Until the service has said otherwise.
    bool takes_conditions_ = true;
    bool takes_checksums_ = true;
};

} // namespace lifeboat
