// Where the key or the token of an Azure store comes from.
#pragma once

#include <memory>
#include <string>

#include "core/base/bytes.h"
#include "core/base/interrupt.h"

namespace lifeboat {

// All that is looked for in the environment.
inline constexpr const char* kAzureEnvironment[] = {"AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN"};

struct AzureCredentials {
    Buffer key;      // of the account, decoded; empty: there is a token
    std::string sas; // shared access signature, without '?'
};

// Of "env" or "file:/path"; the content of such a file is one or the other: a token has "sig=" in
// it. Throws Error(KeyMissing) with what was looked for and where, Error(KeyWrong) for what is
// neither.
class AzureCredentialSource {
public:
    explicit AzureCredentialSource(std::string where) : where_(std::move(where)) {}
    AzureCredentialSource(const AzureCredentialSource&) = delete;
    AzureCredentialSource& operator=(const AzureCredentialSource&) = delete;
    ~AzureCredentialSource() { Forget(); }
    const AzureCredentials& Get(Interrupt& interrupt);
    // The service has refused them: they may have been replaced.
    void Forget() noexcept;

private:
    std::string where_;
    std::unique_ptr<AzureCredentials> kept_;
};

// For tests.
AzureCredentials ParseAzureCredentials(std::string_view text, const std::string& where);

} // namespace lifeboat
