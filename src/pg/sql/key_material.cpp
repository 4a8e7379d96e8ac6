#include "pg/sql/key_material.h"

#include "core/crypto/secret_source.h"

namespace lifeboat::pg {
namespace {

KeyStep ProbeRecipients(const KeyMaterial& material) {
    if (material.recipients.empty()) {
        return {"recipients", true, "none: lose this server's secret, lose the backups"};
    }
    const Buffer wrapped = WrapForRecipients(Key::Random(), material.recipients);
    std::string detail = "encrypted " + std::to_string(wrapped.size()) + " bytes for ";
    for (size_t i = 0; i < material.recipients.size(); ++i) {
        detail += (i == 0 ? "" : "; ") + material.recipients[i].description();
    }
    return {"recipients", true, detail};
}

KeyStep ProbeSecret(const KeyMaterial& material) {
    if (!material.secret) {
        return {"secret", true, "none: this server cannot read its own backups"};
    }
    const Key probe = Key::Random();
    const Key back = UnwrapForServer(WrapForServer(probe, *material.secret), *material.secret);
    const bool same = AsText(probe.bytes()) == AsText(back.bytes());
    return {"secret", same, same ? "encrypted and decrypted a probe" : "a probe came back changed"};
}

KeyStep ProbeSigner(const KeyMaterial& material) {
    if (!material.signer) return {"signer", true, "none: backups are not signed"};
    const Bytes message = AsBytes("pg_lifeboat probe");
    const SignerPublic signer = material.signer->Public();
    const bool ok = signer.Verify(message, material.signer->Sign(message));
    return {"signer", ok,
            ok ? "signed a probe as " + HexId(signer.id()) : "the signature of a probe is wrong"};
}

} // namespace

std::vector<std::string> KeyMaterial::Pems() const {
    std::vector<std::string> pems;
    for (const RecoveryCertificate& recipient : recipients) pems.push_back(recipient.pem());
    return pems;
}

std::vector<std::string> KeyMaterial::Fingerprints() const {
    std::vector<std::string> fingerprints;
    for (const RecoveryCertificate& recipient : recipients) {
        fingerprints.push_back(HexId(recipient.fingerprint()));
    }
    return fingerprints;
}

std::vector<RecoveryCertificate> ReadRecipients(const std::vector<std::string>& texts) {
    std::vector<RecoveryCertificate> certificates;
    for (size_t i = 0; i < texts.size(); ++i) {
        const bool is_file = texts[i].starts_with("file:");
        const std::string what =
            is_file ? "recipient " + texts[i] : "recipient " + std::to_string(i + 1);
        const std::string pem =
            is_file ? ReadPublicFile(texts[i].substr(5), "recipients") : texts[i];
        RecoveryCertificate certificate = RecoveryCertificate::FromPem(pem, what);
        for (const RecoveryCertificate& other : certificates) {
            if (other.fingerprint() != certificate.fingerprint()) continue;
            throw Error(Errc::InvalidValue, what + " is given twice",
                        "Its fingerprint is " + HexId(certificate.fingerprint()) + ".");
        }
        certificates.push_back(std::move(certificate));
    }
    return certificates;
}

KeyMaterial MaterialOf(const KeyRecord& key, Interrupt& interrupt) {
    return {Certificates(key), ServerSecret(key, interrupt), Signer(key, interrupt)};
}

std::vector<KeyStep> ProbeMaterial(const KeyMaterial& material) {
    return {ProbeRecipients(material), ProbeSecret(material), ProbeSigner(material)};
}

void ProveMaterial(const KeyMaterial& material) {
    for (const KeyStep& step : ProbeMaterial(material)) {
        if (!step.ok) throw Error(Errc::KeyWrong, "key does not work: " + step.detail);
    }
}

} // namespace lifeboat::pg
