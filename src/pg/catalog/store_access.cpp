#include "pg/catalog/store_access.h"

#include "core/crypto/key.h"
#include "core/crypto/secret_source.h"
#include "pg/bridge/open_store.h"
#include "pg/catalog/rights.h"

namespace lifeboat::pg {

std::string HexId(const Sha256Digest& digest) { return ToHex(digest); }

std::unique_ptr<Store> OpenRecorded(const StoreRecord& store, Interrupt& interrupt) {
    return OpenInServer(ParseLocation(store.url), store.options, interrupt);
}

void RequireKnownOrigins(const Repo& repo, const std::string& name,
                         const std::vector<std::string>& known) {
    for (const std::string& origin : repo.accepted_origins) {
        if (std::find(known.begin(), known.end(), origin) != known.end()) continue;
        throw Error(Errc::Damaged,
                    "repo.json of store \"" + name + "\" accepts objects of a store that the " +
                        "catalog does not know",
                    "It names " + origin + " in accepted_origins, and nobody signs repo.json.",
                    "If objects of that store were copied here, call backup_create_store for it "
                    "too, or, if it is lost, backup_accept_origin(" +
                        QuoteLiteral(name) + ", '" + origin +
                        "'); else take the id out of repo.json.");
    }
}

Repo CheckIdentity(Store& store, const StoreRecord& record) {
    Repo repo = ReadRepo(store);
    if (repo.store_id != record.store_id) {
        throw Error(Errc::StoreMissing,
                    "store \"" + record.name + "\" at " + record.url + " is another store",
                    "The catalog knows it as " + record.store_id + ", its repo.json says " +
                        repo.store_id + ".",
                    "Is it mounted?");
    }
    if (repo.encryption_required != record.encryption_required) {
        throw Error(
            Errc::Damaged,
            "repo.json of store \"" + record.name + "\" says another encryption than the catalog",
            "Encryption is fixed for the life of a store.");
    }
    RequireKnownOrigins(repo, record.name, record.known_stores);
    return repo;
}

Trust CatalogTrust(const Home& home, const StoreRecord& store) {
    Trust trust;
    trust.key_given = store.encryption_required;
    trust.known_stores = store.known_stores;
    for (const KeyRecord& key : LoadKeys(home)) {
        for (const std::string& pem : key.trusted_signers) {
            trust.signers.push_back(
                SignerPublic::FromPem(pem, "signer of key \"" + key.name + "\""));
        }
    }
    return trust;
}

Key ReadServerSecret(const std::string& source, Interrupt& interrupt) {
    const WipedString text(
        ReadSecret(ParseSecretSource(source, "secret", false), "secret", interrupt));
    return Key::FromHex(text.text(), "secret " + source);
}

SignerPrivate ReadSigner(const std::string& source, Interrupt& interrupt) {
    const WipedString text(
        ReadSecret(ParseSecretSource(source, "signer", false), "signer", interrupt));
    return SignerPrivate::FromPem(text.text(), "signer " + source);
}

std::vector<RecoveryCertificate> Certificates(const KeyRecord& key) {
    std::vector<RecoveryCertificate> certificates;
    certificates.reserve(key.recipients.size());
    for (const std::string& pem : key.recipients) {
        certificates.push_back(
            RecoveryCertificate::FromPem(pem, "recipient of key \"" + key.name + "\""));
    }
    return certificates;
}

std::optional<Key> ServerSecret(const KeyRecord& key, Interrupt& interrupt) {
    if (!key.secret) return std::nullopt;
    return ReadServerSecret(*key.secret, interrupt);
}

std::optional<SignerPrivate> Signer(const KeyRecord& key, Interrupt& interrupt) {
    if (!key.signer) return std::nullopt;
    return ReadSigner(*key.signer, interrupt);
}

void RequireSigner(const KeyRecord& key, const SignerPrivate& signer) {
    if (!key.signer_id || HexId(signer.Public().id()) == *key.signer_id) return;
    throw Error(Errc::KeyWrong,
                "signer " + key.signer.value_or("") + " is another key than the catalog knows", "",
                "SELECT backup_rotate_key(" + QuoteLiteral(key.name) + ", signer => " +
                    QuoteLiteral(key.signer.value_or("")) + ");");
}

void AddServerSecrets(Keyring& ring, const Home& home, const StoreRecord& store, const Value& key,
                      Interrupt& interrupt) {
    if (!store.encryption_required) return;
    if (const auto record = key ? FindKey(home, *key) : std::nullopt) {
        if (record->secret) {
            RequireKeyUse(*record);
            ring.AddServerSecret(ReadServerSecret(*record->secret, interrupt));
            return;
        }
    } else {
        for (const KeyRecord& any : LoadKeys(home)) {
            if (any.secret && IsPermitted([&any] { RequireKeyUse(any); }))
                ring.AddServerSecret(ReadServerSecret(*any.secret, interrupt));
        }
    }
    if (!ring.empty()) return;
    throw Error(Errc::KeyMissing,
                "this server cannot read the backup" +
                    (key ? ": key \"" + *key + "\" has no server secret" : std::string()),
                "A key of certificates alone makes a write-only server.",
                "Where the recovery key is, type: lifeboat verify (or plan, or restore) … "
                "--recovery-key FILE; to verify here, use level => 'checksum'.");
}

} // namespace lifeboat::pg
