// What backup_create_key and backup_rotate_key are given, read and proven.
#pragma once

#include "pg/catalog/store_access.h"

namespace lifeboat::pg {

struct KeyMaterial {
    std::vector<RecoveryCertificate> recipients;
    std::optional<Key> secret;
    std::optional<SignerPrivate> signer;

    [[nodiscard]] std::vector<std::string> Pems() const;
    [[nodiscard]] std::vector<std::string> Fingerprints() const;
};

// Each is a PEM text or file:/path. Error(InvalidValue) for one given twice.
std::vector<RecoveryCertificate> ReadRecipients(const std::vector<std::string>& texts);
KeyMaterial MaterialOf(const KeyRecord& key, Interrupt& interrupt);

struct KeyStep {
    std::string step; // "recipients", "secret", "signer"
    bool ok = false;
    std::string detail;
};
// Encrypts a probe for every recipient, encrypts and decrypts one under the secret, signs one.
std::vector<KeyStep> ProbeMaterial(const KeyMaterial& material);
// The same, as an error.
void ProveMaterial(const KeyMaterial& material);

} // namespace lifeboat::pg
