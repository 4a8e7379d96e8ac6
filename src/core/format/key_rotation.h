// Rotation: the small key files of a run key, written anew for other certificates or another server
// secret. The objects stay as they are; copies of the old key files cannot be revoked.
#pragma once

#include "core/format/keyring.h"

namespace lifeboat {

// Writes the key files with the next number, reads each back, then removes the older ones: a crash
// in between loses nothing, and readers try the highest number first. Without recipients and
// secret: Error(KeyMissing).
void RotateRunKey(Store& store, const Key& run_key,
                  const std::vector<RecoveryCertificate>& recipients,
                  const std::optional<Key>& server_secret);

} // namespace lifeboat
