#include "core/format/key_rotation.h"

#include <algorithm>

#include "core/format/names.h"

namespace lifeboat {
namespace {

constexpr uint64_t kMaxKeyFileBytes = 1U << 20;

void PutAndCompare(Store& store, const std::string& name, const Buffer& content) {
    store.Put(name, content);
    if (store.Read(name, kMaxKeyFileBytes) == AsText(content)) return;
    throw Error(Errc::Damaged,
                "key file \"" + name + "\" reads back otherwise than it was written");
}

} // namespace

void RotateRunKey(Store& store, const Key& run_key,
                  const std::vector<RecoveryCertificate>& recipients,
                  const std::optional<Key>& server_secret) {
    if (recipients.empty() && !server_secret) {
        throw Error(Errc::KeyMissing, "a run key needs a recovery certificate or a server secret");
    }
    const KeyId id = run_key.Id();
    const std::vector<KeyFile> older = KeyFilesOf(store, id);
    const int number = older.empty() ? 1 : older.front().number + 1;
    if (!recipients.empty()) {
        PutAndCompare(store, KeyFileName(id, number, "cms"),
                      WrapForRecipients(run_key, recipients));
    }
    if (server_secret) {
        PutAndCompare(store, KeyFileName(id, number, "srv"),
                      WrapForServer(run_key, *server_secret));
    }
    for (const KeyFile& file : older) {
        store.Remove(KeyFileName(file.id, file.number, file.extension));
    }
}

} // namespace lifeboat
