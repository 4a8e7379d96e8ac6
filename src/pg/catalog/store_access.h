// From records to working things: the store of a record, the trust and the keys to read with, the
// secrets of a key.
#pragma once

#include "core/format/backup.h"
#include "pg/catalog/repository.h"

namespace lifeboat::pg {

// Opens the driver. Touches nothing.
std::unique_ptr<Store> OpenRecorded(const StoreRecord& store, Interrupt& interrupt);
// Whoever writes to a store can name any other as one whose objects it accepts: Error(Damaged) for
// one that is not known.
void RequireKnownOrigins(const Repo& repo, const std::string& name,
                         const std::vector<std::string>& known);
// Reads repo.json: Error(StoreMissing) when it is another store than the catalog says, or none;
// Error(Damaged) when it says another encryption, or accepts what the catalog does not know.
Repo CheckIdentity(Store& store, const StoreRecord& record);

// All signers of the catalog. `key_given`: a clear backup in an encrypted store is refused.
Trust CatalogTrust(const Home& home, const StoreRecord& store);
// The server secrets that may open this backup's run keys: of its key if the catalog knows it, else
// of all keys. Error(KeyMissing) when this server has none (hint: the command line). Nothing to do
// for a clear store.
void AddServerSecrets(Keyring& ring, const Home& home, const StoreRecord& store, const Value& key,
                      Interrupt& interrupt);

// What a key holds, read from where it says.
std::vector<RecoveryCertificate> Certificates(const KeyRecord& key);
std::optional<Key> ServerSecret(const KeyRecord& key, Interrupt& interrupt);
std::optional<SignerPrivate> Signer(const KeyRecord& key, Interrupt& interrupt);

// Error(KeyWrong) when it is another signer than the catalog knows the key by.
void RequireSigner(const KeyRecord& key, const SignerPrivate& signer);
Key ReadServerSecret(const std::string& source, Interrupt& interrupt);
SignerPrivate ReadSigner(const std::string& source, Interrupt& interrupt);
std::string HexId(const Sha256Digest& digest);

} // namespace lifeboat::pg
