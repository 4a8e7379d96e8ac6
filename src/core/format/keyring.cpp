#include "core/format/keyring.h"

#include <algorithm>
#include <cctype>

#include "core/base/error.h"
#include "core/format/damaged.h"

namespace lifeboat {
namespace {

constexpr uint64_t kMaxKeyFileBytes = 1 << 20;
constexpr int kMostRotations = 100;

std::string NameOf(const KeyFile& file) {
    return KeyFileName(file.id, file.number, file.extension);
}

// Which file, and which key to look for instead.
Error NotOpened(const KeyFile& file, const Error& reason) {
    std::string detail = reason.message() + ".";
    detail.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(detail.front())));
    if (!reason.detail().empty()) detail += " " + reason.detail();
    std::string hint = reason.hint();
    if (hint.empty() && reason.code() == Errc::KeyWrong) {
        hint =
            file.extension == "srv"
                ? "Give the secret that the server had then; or, on the command line, a recovery "
                  "key: --recovery-key FILE."
                : "\"lifeboat show\" lists the fingerprints of the certificates whose keys open "
                  "the backup; the recovery sheet names the fingerprint of its key.";
    }
    return Error(reason.code(), "key file " + NameOf(file) + " could not be opened",
                 std::move(detail), std::move(hint));
}

void PutAndCompare(Store& store, const std::string& name, const Buffer& content) {
    store.Put(name, content);
    if (store.Read(name, kMaxKeyFileBytes) != AsText(content))
        throw Error(Errc::StoreRefused,
                    "key file " + name + " could not be read back as it was written", {},
                    "The store keeps other bytes than it was given; do not use it.");
}

} // namespace

void Keyring::AddRecoveryKey(std::unique_ptr<RecoveryPrivateKey> key) {
    recovery_.push_back(std::move(key));
}

const Key& Keyring::Find(const KeyId& id) {
    if (const auto known = found_.find(id); known != found_.end()) return known->second;
    const std::vector<KeyFile> files = KeyFilesOf(store_, id);
    if (files.empty())
        throw Error(Errc::KeyMissing, "the store has no key file for key " + ToHex(id),
                    "Without it nothing that is encrypted under this key can be read.",
                    "Restore keys/" + ToHex(id) + ".* from a copy of the store.");
    std::optional<Error> failure;
    for (const KeyFile& file : files)
        if (const auto key = Open(file, failure)) return found_.emplace(id, *key).first->second;
    if (failure) throw Error(*failure);
    throw Error(Errc::KeyMissing, "no key was given that opens key " + ToHex(id),
                "The store has " + NameOf(files.front()) +
                    (files.front().extension == "srv" ? ", which the server's secret opens."
                                                      : ", which a recovery key opens."));
}

// Tries every opener of the file's kind. nullopt: none fits; why the first did not is kept in
// `failure`.
std::optional<Key> Keyring::Open(const KeyFile& file, std::optional<Error>& failure) {
    const bool server = file.extension == "srv";
    const size_t openers = server ? secrets_.size() : recovery_.size();
    if (openers == 0) return std::nullopt;
    const std::string name = NameOf(file);
    const std::string content = store_.Read(name, kMaxKeyFileBytes);
    for (size_t i = 0; i < openers; ++i) {
        try {
            const Key key = server ? UnwrapForServer(AsBytes(content), secrets_[i])
                                   : recovery_[i]->Unwrap(AsBytes(content));
            if (key.Id() != file.id)
                ThrowDamaged("key file " + name, "It holds key " + ToHex(key.Id()) + ".");
            return key;
        } catch (const Error& e) {
            if (e.code() != Errc::Damaged && e.code() != Errc::KeyWrong) throw;
            if (failure) continue;
            failure = e;
            if (e.message().find(name) == std::string::npos) failure = NotOpened(file, e);
        }
    }
    return std::nullopt;
}

namespace {

// Who may not list is told "denied" of what is not there.
bool IsThere(Store& store, const std::string& name) {
    try {
        return store.Exists(name);
    } catch (const StoreError& e) {
        if (e.code() != Errc::StoreDenied) throw;
        return false;
    }
}

std::vector<KeyFile> ListedFilesOf(Store& store, const KeyId& id) {
    std::vector<KeyFile> files = ListKeyFiles(store);
    std::erase_if(files, [&id](const KeyFile& file) { return file.id != id; });
    std::ranges::sort(files, [](const KeyFile& a, const KeyFile& b) {
        return a.number != b.number ? a.number > b.number : a.extension > b.extension;
    });
    return files;
}

// Adds those of this number before the others. False when there is none.
bool AddNumber(Store& store, const KeyId& id, int number, std::vector<KeyFile>& files) {
    const size_t before = files.size();
    for (const char* extension : {"cms", "srv"}) {
        if (IsThere(store, KeyFileName(id, number, extension)))
            files.insert(files.begin(), {id, number, extension});
    }
    return files.size() > before;
}

// Without a list. Numbers have no gaps: a rotation writes the next one before it removes those
// before.
std::vector<KeyFile> ProbedFilesOf(Store& store, const KeyId& id) {
    std::vector<KeyFile> files;
    for (int number = 2; number <= kMostRotations; ++number) {
        if (!AddNumber(store, id, number, files) && !files.empty()) break;
    }
    return files;
}

} // namespace

std::vector<KeyFile> KeyFilesOf(Store& store, const KeyId& id) {
    std::vector<KeyFile> files;
    for (int number = 1; number <= kMostRotations && AddNumber(store, id, number, files);) ++number;
    if (!files.empty()) return files;
    try {
        return ListedFilesOf(store, id); // it was rotated, or there is none
    } catch (const StoreError& e) {
        if (e.code() != Errc::StoreDenied) throw;
        return ProbedFilesOf(store, id);
    }
}

std::vector<KeyFile> ListKeyFiles(Store& store) {
    std::vector<KeyFile> files;
    store.List("keys", [&](const StoreObject& object) {
        if (auto file = ParseKeyFileName(object.name)) files.push_back(std::move(*file));
    });
    return files;
}

void StoreRunKey(Store& store, const Key& run_key,
                 const std::vector<RecoveryCertificate>& recipients,
                 const std::optional<Key>& server_secret) {
    if (recipients.empty() && !server_secret)
        throw Error(Errc::KeyMissing, "a run key needs a recovery certificate or a server secret",
                    {}, "Make a key with \"lifeboat keygen\" and backup_create_key().");
    const KeyId id = run_key.Id();
    if (!recipients.empty())
        PutAndCompare(store, KeyFileName(id, 1, "cms"), WrapForRecipients(run_key, recipients));
    if (!server_secret) return;
    const Buffer wrapped = WrapForServer(run_key, *server_secret);
    if (UnwrapForServer(wrapped, *server_secret).Id() != id)
        throw Error(Errc::Internal, "a run key changed while it was wrapped");
    PutAndCompare(store, KeyFileName(id, 1, "srv"), wrapped);
}

} // namespace lifeboat
