#include "core/store/azure_credentials.h"

#include <cstdlib>

#include "core/crypto/key.h"
#include "core/crypto/openssl.h"
#include "core/crypto/secret_source.h"

namespace lifeboat {
namespace {

std::string FromEnvironment() {
    for (const char* name : kAzureEnvironment) {
        const char* value = std::getenv(name);
        if (value != nullptr && *value != '\0') return value;
    }
    throw Error(Errc::KeyMissing,
                "neither AZURE_STORAGE_KEY nor AZURE_STORAGE_SAS_TOKEN is set in the environment",
                "Store option \"credentials\" is \"env\": they are looked for in the environment "
                "of this process, which for a server is that in which it was started.",
                "Set one where the server is started, or set option \"credentials\" to "
                "\"file:/path\".");
}

} // namespace

AzureCredentials ParseAzureCredentials(std::string_view text, const std::string& where) {
    text = Trimmed(text);
    const bool token = text.starts_with("sig=") || text.starts_with("?sig=") ||
                       text.find("&sig=") != std::string_view::npos;
    if (token) {
        if (text.starts_with('?')) text.remove_prefix(1);
        return {{}, std::string(text)};
    }
    if (auto key = FromBase64(text); key && !key->empty()) return {std::move(*key), {}};
    throw Error(Errc::KeyWrong, "the credentials of the store are no key and no token",
                "They come from " + Printable(where) + ".",
                "A key of an account is a text in base64; a shared access signature has \"sig=\" "
                "in it.");
}

const AzureCredentials& AzureCredentialSource::Get(Interrupt& interrupt) {
    if (kept_) return *kept_;
    const WipedString text(where_ == "env"
                               ? FromEnvironment()
                               : ReadSecret(ParseSecretSource(where_, "credentials", false),
                                            "credentials", interrupt));
    kept_ = std::make_unique<AzureCredentials>(ParseAzureCredentials(text.text(), where_));
    return *kept_;
}

void AzureCredentialSource::Forget() noexcept {
    if (!kept_) return;
    Wipe(kept_->key);
    WipeString(kept_->sas);
    kept_.reset();
}

} // namespace lifeboat
