#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/format/backup.h"
#include "core/format/backup_files.h"
#include "core/format/damaged.h"
#include "core/format/origins.h"

namespace lifeboat {
namespace {

constexpr uint64_t kMaxSignatureBytes = 1024;
constexpr uint64_t kMaxTocBytes = 1ULL << 30;

// What is there, or not; or denied: who may not list is told so of what is not there, too.
struct Reading {
    std::optional<std::string> text;
    std::optional<StoreError> denied;
};

Reading ReadIfThere(Store& store, std::string_view name, uint64_t limit) {
    try {
        return {store.Read(name, limit), {}};
    } catch (const StoreError& e) {
        if (e.fault() == StoreFault::kNotFound) return {};
        if (e.code() == Errc::StoreDenied) return {{}, e};
        throw;
    }
}

[[noreturn]] void ThrowUnfinished(std::string_view id, std::string_view lacks) {
    throw Error(Errc::NotFound, "backup \"" + std::string(id) + "\" is not complete",
                "It has no " + std::string(lacks) + ": its run did not finish.");
}

[[noreturn]] void ThrowNotThere(Store& store, std::string_view id,
                                const std::optional<StoreError>& denied) {
    bool any = false;
    bool sums = false;
    try {
        store.List(BackupFile(id, ""), [&](const StoreObject& object) {
            any = true;
            sums = sums || object.name == BackupFile(id, kSumsFile);
        });
    } catch (const StoreError& e) {
        if (e.code() != Errc::StoreDenied) throw;
        throw Error(Errc::StoreDenied,
                    "there is no backup \"" + std::string(id) + "\" in the store, or it is denied",
                    e.detail(), e.hint());
    }
    if (sums && denied) throw *denied;
    if (any) ThrowUnfinished(id, kSumsFile);
    throw Error(Errc::NotFound, "there is no backup \"" + std::string(id) + "\" in the store");
}

// Which of the trusted signers signed these sums; nullptr when none did.
const SignerPublic* FindSigner(const Trust& trust, const std::string& sums,
                               const std::optional<std::string>& signature) {
    if (!signature) return nullptr;
    for (const SignerPublic& signer : trust.signers)
        if (signer.Verify(AsBytes(sums), AsBytes(*signature))) return &signer;
    return nullptr;
}

// Throws unless the sums are those that are remembered; true when there are any to compare with.
bool AreRemembered(const Trust& trust, const Sha256Digest& digest, const std::string& sums_name) {
    if (!trust.sums) return false;
    if (*trust.sums != digest)
        ThrowDamaged(sums_name, "Its SHA-256 is " + ToHex(digest) + ", the backup was taken with " +
                                    ToHex(*trust.sums) + ".");
    return true;
}

// No trusted signature. The manifest, though nothing vouches for it, tells apart a run that did not
// finish, a backup that was never signed, one by somebody else, and one whose sums were changed
// after a trusted signer signed them. Returns only for what `allow_untrusted` may accept, or what
// is remembered.
void JudgeUnsigned(Store& store, std::string_view id, const Trust& trust, bool has_signature,
                   bool remembered) {
    std::optional<Sha256Digest> named;
    try {
        named = ReadManifestHead(store, id).signer;
    } catch (const StoreError&) {
        throw;
    } catch (const Error&) {
        if (trust.allow_untrusted || remembered)
            return; // whatever is wrong with the manifest is said when it is read whole
    }
    const std::string signature = BackupFile(id, kSignatureFile);
    if (named && !has_signature) {
        if (!remembered) ThrowUnfinished(id, kSignatureFile);
        throw Error(Errc::Damaged, signature + " is missing",
                    "The manifest names signer " + ToHex(*named) + ".");
    }
    const bool known =
        named && std::any_of(trust.signers.begin(), trust.signers.end(),
                             [&](const SignerPublic& signer) { return signer.id() == *named; });
    if (known && remembered) ThrowDamaged(signature, "It is not by signer " + ToHex(*named) + ".");
    if (known)
        ThrowDamaged(BackupFile(id, kSumsFile),
                     "It is not what signer " + ToHex(*named) + " has signed.");
    if (trust.allow_untrusted || remembered) return;
    throw Error(Errc::Untrusted,
                "backup \"" + std::string(id) + "\" is " +
                    (has_signature ? "not signed by a trusted signer" : "not signed"),
                named ? "The manifest names signer " + ToHex(*named) + "."
                      : "Whoever can write to the store can have made it.",
                "Restoring it runs its SQL: allow it only if you know where it comes from.");
}

void RefuseLarge(Store& store, const std::string& name, uint64_t most) {
    const uint64_t size = store.Stat(name).size;
    if (size <= most) return;
    throw Error(Errc::Untrusted, name + " has " + std::to_string(size) + " bytes, and no signature",
                "Of what nobody vouches for, at most " + std::to_string(most) + " are read.");
}

Manifest ReadManifest(Store& store, std::string_view id, const std::vector<SumLine>& sums) {
    const std::string name = BackupFile(id, kManifestFile);
    const auto [text, denied] = ReadIfThere(store, name, kMaxManifestBytes);
    if (denied) throw *denied;
    if (!text)
        throw Error(Errc::Damaged, name + " is missing",
                    "SHA256SUMS lists it, the store does not have it.");
    const auto line = std::find_if(sums.begin(), sums.end(),
                                   [&](const SumLine& sum) { return sum.name == name; });
    if (line == sums.end())
        ThrowDamaged(BackupFile(id, kSumsFile), "It does not list " + name + ".");
    if (const Sha256Digest digest = Sha256Of(AsBytes(*text)); digest != line->sha256)
        ThrowDamaged(name, "Its SHA-256 is " + ToHex(digest) + ", SHA256SUMS says " +
                               ToHex(line->sha256) + ".");
    Manifest manifest = ParseManifest(*text, name);
    if (manifest.backup_id != id)
        ThrowDamaged(name, "It is the manifest of backup " + manifest.backup_id + ".");
    return manifest;
}

// SHA256SUMS lists the manifest, the toc and every object, and nothing else, each with the
// manifest's hash.
void CheckSums(const Manifest& manifest, const std::vector<SumLine>& sums) {
    const std::string name = BackupFile(manifest.backup_id, kSumsFile);
    std::map<std::string_view, const Sha256Digest*> listed;
    for (const SumLine& line : sums) listed[line.name] = &line.sha256;
    listed.erase(BackupFile(manifest.backup_id, kManifestFile));
    const auto take = [&](const ObjectRecord& record) {
        const auto line = listed.find(record.name);
        if (line == listed.end())
            ThrowDamaged(name, "It does not list " + record.name + ", which the manifest lists.");
        if (*line->second != record.sha256)
            ThrowDamaged(name,
                         "It says another SHA-256 for " + record.name + " than the manifest.");
        listed.erase(line);
    };
    take(manifest.toc);
    for (const ObjectRecord& record : manifest.objects) take(record);
    if (!listed.empty())
        ThrowDamaged(name, "It lists " + std::string(listed.begin()->first) +
                               ", which the manifest does not list.");
}

void CheckPolicy(const Backup& backup, const Trust& trust) {
    const Manifest& manifest = backup.manifest;
    const std::string name = BackupFile(manifest.backup_id, kManifestFile);
    if (!backup.repo.Accepts(manifest.store_id))
        ThrowDamaged(name, "It belongs to store " + manifest.store_id + ", this is store " +
                               backup.repo.store_id + ".");
    if (!manifest.encrypted && trust.encrypted_only)
        throw Error(Errc::Untrusted, "backup \"" + manifest.backup_id + "\" is not encrypted",
                    "A key was given, and whoever can write to the store can put a clear backup in "
                    "the place of an encrypted one.",
                    "If you know that it was taken without encryption, leave the key out.");
    if (!manifest.encrypted && backup.repo.encryption_required && trust.key_given)
        ThrowDamaged(
            name, "It says that the backup is not encrypted, but the store requires encryption.");
    if (manifest.sequence < trust.min_sequence)
        ThrowDamaged(name, "It has sequence number " + std::to_string(manifest.sequence) +
                               ", at least " + std::to_string(trust.min_sequence) +
                               " was expected: the store may have been rolled back.");
}

// Whoever writes to a store can name any other as one whose objects it accepts.
void RequireKnownOrigins(const Backup& backup, const Trust& trust) {
    if (!trust.known_stores) return;
    for (const std::string& origin : backup.repo.accepted_origins) {
        const auto& known = *trust.known_stores;
        if (std::find(known.begin(), known.end(), origin) != known.end()) continue;
        throw Error(
            Errc::Damaged,
            "backup " + backup.manifest.backup_id +
                " comes from a store that the catalog does not know",
            "It was copied here from store " + origin + ", and nobody signs what a store accepts.",
            "If objects of that store were copied here: SELECT "
            "backup_accept_origin('this store', '" +
                origin + "');");
    }
}

std::string RelationName(const std::string& schema, const std::string& name) {
    return "\"" + Printable(schema) + "\".\"" + Printable(name) + "\"";
}

void CheckEntry(const TocEntry& entry, const ObjectRecord& record, const std::string& what) {
    const auto compare = [&](std::string_view member, const std::string& is,
                             const std::string& expected) {
        if (is != expected)
            ThrowDamaged(what, "It says that the " + std::string(member) + " of " + entry.object +
                                   " is " + is + ", the manifest says " + expected + ".");
    };
    compare("kind", std::string(ObjectKindName(entry.kind)),
            std::string(ObjectKindName(record.kind)));
    compare("relation", std::to_string(entry.detail.relation), std::to_string(record.relation));
    compare("part", std::to_string(entry.detail.part), std::to_string(record.part));
    compare("number of parts", std::to_string(entry.detail.parts), std::to_string(record.parts));
    if (entry.kind != ObjectKind::kData && entry.kind != ObjectKind::kConfig) return;
    compare("number of rows", std::to_string(entry.detail.rows), std::to_string(record.rows));
    const CopyTarget target = ParseCopyStatement(entry.statement);
    const bool through_root = !entry.detail.root_name.empty();
    const std::string& schema = through_root ? entry.detail.root_schema : entry.detail.schema;
    const std::string& name = through_root ? entry.detail.root_name : entry.detail.name;
    if (target.schema != schema || target.table != name)
        ThrowDamaged(what, "The statement of " + entry.object + " is for " +
                               RelationName(target.schema, target.table) + ", its relation is " +
                               RelationName(schema, name) + ".");
}

} // namespace

void CheckTocAgainstManifest(const std::vector<TocEntry>& toc, const Manifest& manifest) {
    const std::string what = "object " + TocName(manifest.backup_id, manifest.encrypted);
    std::map<std::string_view, bool>
        archives; // kind schema, seen so far; true once it was named as `post`
    size_t next = 0;
    for (const TocEntry& entry : toc) {
        if (entry.kind == ObjectKind::kPost) {
            const auto archive = archives.find(entry.object);
            if (archive == archives.end() || archive->second)
                ThrowDamaged(what, "Its line of kind post for " + entry.object +
                                       " does not follow one of kind schema.");
            archive->second = true;
            continue;
        }
        if (next == manifest.objects.size() || manifest.objects[next].name != entry.object)
            ThrowDamaged(what, "Its line for " + entry.object +
                                   " is not where the manifest lists that object.");
        CheckEntry(entry, manifest.objects[next++], what);
        if (entry.kind == ObjectKind::kSchema) archives.emplace(entry.object, false);
    }
    if (next < manifest.objects.size())
        ThrowDamaged(what, "It has no line for " + manifest.objects[next].name +
                               ", which the manifest lists.");
}

Backup OpenBackup(Store& store, std::string_view backup_id, const Trust& trust) {
    if (!IsBackupId(backup_id))
        throw Error(Errc::InvalidValue, "\"" + Printable(backup_id) + "\" is not a backup id",
                    "A backup id is like app-20261120T021500Z-full-9f3c01aa.");
    Backup backup;
    backup.repo = ReadRepo(store);
    const std::string sums_name = BackupFile(backup_id, kSumsFile);
    const auto [sums, sums_denied] = ReadIfThere(store, sums_name, kMaxManifestBytes);
    if (!sums) ThrowNotThere(store, backup_id, sums_denied);
    backup.sums_digest = Sha256Of(AsBytes(*sums));

    const auto [signature, signature_denied] =
        ReadIfThere(store, BackupFile(backup_id, kSignatureFile), kMaxSignatureBytes);
    if (signature_denied && ReadManifestHead(store, backup_id).signer) throw *signature_denied;
    const SignerPublic* signer = FindSigner(trust, *sums, signature);
    backup.signature_checked = signer != nullptr;
    const bool remembered = AreRemembered(trust, backup.sums_digest, sums_name);
    backup.sums_remembered = remembered;
    if (signer == nullptr) {
        JudgeUnsigned(store, backup_id, trust, signature.has_value(), remembered);
        if (!remembered && trust.most_untrusted < kMaxManifestBytes) {
            RefuseLarge(store, sums_name, trust.most_untrusted);
            RefuseLarge(store, BackupFile(backup_id, kManifestFile), trust.most_untrusted);
        }
    }

    const std::vector<SumLine> lines = ParseSums(*sums, sums_name);
    backup.manifest = ReadManifest(store, backup_id, lines);
    if (signer != nullptr && backup.manifest.signer != signer->id())
        ThrowDamaged(BackupFile(backup_id, kManifestFile),
                     "It does not name the signer of its SHA256SUMS.");
    if (backup.manifest.signer && signature) backup.signature = *signature;
    CheckSums(backup.manifest, lines);
    AddOriginsOf(store, backup.manifest, backup.repo);
    RequireKnownOrigins(backup, trust);
    CheckPolicy(backup, trust);
    return backup;
}

namespace {

// Of a copy that is away, not there, or not what it should be, another may be as it should.
bool MayBeBetterElsewhere(const Error& error) {
    switch (error.code()) {
    case Errc::Damaged:
    case Errc::NotFound:
    case Errc::Untrusted:
    case Errc::StoreMissing:
    case Errc::StoreUnreachable:
    case Errc::StoreDenied:
    case Errc::StoreRefused: return true;
    default: return false;
    }
}

} // namespace

Backup OpenAnyCopy(FallbackStore& stores, std::string_view backup_id,
                   const std::function<const Trust&(size_t member)>& trust,
                   const std::function<void(size_t member, const Error& error)>& say) {
    std::optional<Error> first;
    for (size_t member = 0; member < stores.size(); ++member) {
        try {
            Backup backup = OpenBackup(stores.member(member), backup_id, trust(member));
            stores.Prefer(member);
            return backup;
        } catch (const Error& error) {
            if (!MayBeBetterElsewhere(error)) throw;
            if (!first) first = error;
            say(member, error);
        }
    }
    throw Error(*first);
}

ReadContext MakeReadContext(const Backup& backup, Keyring* keys, Interrupt& interrupt) {
    ReadContext context;
    if (keys != nullptr && !keys->empty()) context.keys = keys->Lookup();
    context.origin_stores = backup.repo.accepted_origins;
    context.origin_stores.push_back(backup.repo.store_id);
    context.interrupt = &interrupt;
    return context;
}

std::vector<TocEntry> ReadToc(Store& store, const Backup& backup, const ReadContext& context) {
    const std::string text = ReadAnyCopy(store, backup.manifest.toc.name, [&] {
        StringSink sink(kMaxTocBytes);
        ReadObject(store, backup.manifest.toc, context, sink);
        return sink.Take();
    });
    std::vector<TocEntry> toc;
    try {
        toc = ParseToc(text);
    } catch (const Error& e) {
        if (e.code() != Errc::Damaged) throw;
        ThrowDamaged("object " + backup.manifest.toc.name, e.message() + ": " + e.detail());
    }
    CheckTocAgainstManifest(toc, backup.manifest);
    return toc;
}

} // namespace lifeboat
