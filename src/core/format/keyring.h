// Keyring: from the id of a run key to the key, through the store's key files and whatever opener
// was given.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "core/crypto/cms.h"
#include "core/crypto/recovery.h"
#include "core/format/names.h"
#include "core/store/store.h"

namespace lifeboat {

// Highest number first, down to the first that opens; Error(KeyMissing) when there is no file or no
// opener for one, Error(KeyWrong) when an opener does not open any, Error(Damaged) when a file
// holds another key than its name says.
class Keyring {
public:
    explicit Keyring(Store& store) : store_(store) {}
    void AddServerSecret(const Key& secret) { secrets_.push_back(secret); }
    // Command line only.
    void AddRecoveryKey(std::unique_ptr<RecoveryPrivateKey> key);
    [[nodiscard]] bool empty() const noexcept { return secrets_.empty() && recovery_.empty(); }
    const Key& Find(const KeyId& id);
    // Borrows the ring.
    [[nodiscard]] KeyLookup Lookup() {
        return [this](const KeyId& id) { return Find(id); };
    }

private:
    [[nodiscard]] std::optional<Key> Open(const KeyFile& file, std::optional<Error>& failure);

    Store& store_;
    std::vector<Key> secrets_;
    std::vector<std::unique_ptr<RecoveryPrivateKey>> recovery_;
    std::map<KeyId, Key> found_;
};

// The key files of one key, highest number first: by their names where that suffices, for not
// everybody may list.
std::vector<KeyFile> KeyFilesOf(Store& store, const KeyId& id);
// All key files of the store, in no order. Other names below keys/ are passed over.
std::vector<KeyFile> ListKeyFiles(Store& store);

// Writes the key files of a fresh run key (number 1) and reads each back. Without recipients and
// secret: Error(KeyMissing).
void StoreRunKey(Store& store, const Key& run_key,
                 const std::vector<RecoveryCertificate>& recipients,
                 const std::optional<Key>& server_secret);

} // namespace lifeboat
