// Where the keys of an S3 store come from: the environment, a file, or the machine.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/interrupt.h"
#include "core/store/s3_options.h"

namespace lifeboat {

struct S3Credentials {
    std::string access_key;
    std::string secret_key;
    std::string session_token;      // empty: none
    std::optional<Instant> expires; // none: never
};

// All that is looked for in the environment: for whoever starts a program that opens the store.
inline constexpr const char* kS3Environment[] = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
};

// Keeps them, and gets new ones five minutes before they expire.
class S3CredentialSource {
public:
    explicit S3CredentialSource(const S3Options& options);
    ~S3CredentialSource();
    // Throws Error(KeyMissing) with what was looked for and where. The result is good until the
    // next call.
    const S3Credentials& Get(Interrupt& interrupt);
    // The service has refused them as expired.
    void Forget() noexcept;

private:
    [[nodiscard]] S3Credentials Fetch(Interrupt& interrupt) const;
    void Refresh(Interrupt& interrupt);
    void Wipe() noexcept;

    std::string where_;
    std::string profile_;
    std::unique_ptr<S3Credentials> kept_; // gcc 16 takes an optional one for uninitialized
    Instant next_look_{};
};

// The section of a file of credentials (INI); nullopt when it is not there. For tests.
std::optional<S3Credentials> ParseCredentialsFile(std::string_view text, std::string_view profile);
// What an instance or container answers: {"AccessKeyId": …, "Expiration": …}. nullopt when it is
// something else. For tests.
std::optional<S3Credentials> ParseInstanceCredentials(std::string_view json);

} // namespace lifeboat
