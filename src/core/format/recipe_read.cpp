#include <algorithm>
#include <cctype>

#include "core/base/error.h"
#include "core/format/damaged.h"
#include "core/format/frame_reader.h"
#include "core/format/names.h"
#include "core/format/recipe.h"

namespace lifeboat {
namespace {

constexpr size_t kPiece = 256 << 10;

std::string What(const ObjectRecord& record) { return "object " + record.name; }

std::string OrNone(const std::optional<BlockRange>& blocks) {
    if (!blocks) return "none";
    return "[" + std::to_string(blocks->first) + ", " + std::to_string(blocks->end) + ")";
}

// The object says what it is; the manifest must say the same.
void CompareIdentity(const Identity& identity, const ObjectRecord& record,
                     const ReadContext& context) {
    const auto compare = [&](std::string_view what, const std::string& is,
                             const std::string& expected) {
        if (is == expected) return;
        ThrowDamaged(What(record), "It says that its " + std::string(what) + " is " +
                                       Printable(is) + ", the manifest says " + expected + ".");
    };
    const auto& stores = context.origin_stores;
    if (std::find(stores.begin(), stores.end(), identity.store_id) == stores.end())
        ThrowDamaged(What(record), "It comes from store " + Printable(identity.store_id) +
                                       ", which this store does not accept.");
    const std::string id =
        record.kind == ObjectKind::kToc ? "toc" : std::string(ObjectIdOf(record.name));
    compare("id", identity.object_id, id);
    compare("backup", identity.backup_id, record.origin);
    compare("kind", std::string(ObjectKindName(identity.kind)),
            std::string(ObjectKindName(record.kind)));
    compare("relation", std::to_string(identity.relation), std::to_string(record.relation));
    if (!record.key_id) {
        const Codec named = record.name.ends_with(kLz4Suffix) ? Codec::kLz4 : Codec::kZstd;
        compare("codec", std::string(CodecName(identity.codec)), std::string(CodecName(named)));
    }
    compare("part", std::to_string(identity.part), std::to_string(record.part));
    // An object may have been cut: then it ends before it was planned to.
    const bool blocks_fit = identity.blocks.has_value() == record.blocks.has_value() &&
                            (!record.blocks || (identity.blocks->first == record.blocks->first &&
                                                identity.blocks->end >= record.blocks->end));
    if (!blocks_fit) compare("block range", OrNone(identity.blocks), OrNone(record.blocks));
}

// The key an object names must be the one its record names, whatever keys are at hand.
KeyLookup OnlyKeyOf(const ObjectRecord& record, const KeyLookup& keys) {
    return [&record, &keys](const KeyId& id) {
        if (id != *record.key_id)
            ThrowDamaged(What(record), "It is encrypted under key " + ToHex(id) +
                                           ", the manifest says " + ToHex(*record.key_id) + ".");
        if (!keys)
            throw Error(Errc::KeyMissing, "key " + ToHex(id) + " is needed to read " + What(record),
                        "No key was given.");
        return keys(id);
    };
}

// A stage says "compressed data is damaged"; people need to know whose.
[[noreturn]] void ThrowNamed(const ObjectRecord& record, const Error& e) {
    const std::string message = What(record) + " is damaged";
    if (e.message() == message) throw Error(e);
    std::string stage = e.message();
    stage[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(stage[0])));
    if (e.detail().empty()) throw Error(e.code(), message, stage + ".", e.hint());
    throw Error(e.code(), message,
                stage == "Object is damaged" ? e.detail() : stage + ": " + e.detail(), e.hint());
}

std::unique_ptr<Source> OpenObject(Store& store, const ObjectRecord& record) {
    try {
        return store.Get(record.name);
    } catch (const StoreError& e) {
        if (e.fault() != StoreFault::kNotFound) throw;
        throw Error(Errc::Damaged, What(record) + " is missing",
                    "The manifest lists it, the store does not have it.");
    }
}

// Streams the stored bytes through size and SHA-256 into `next`. When `next` finds them damaged,
// the rest is still hashed: if the stored bytes are not what they were, that is the finding, and
// not what it broke further on.
void ReadStored(Store& store, const ObjectRecord& record, const ReadContext& context, Sink& next) {
    const auto source = OpenObject(store, record);
    Sha256 hash;
    uint64_t size = 0;
    std::optional<Error> damage;
    Buffer piece(kPiece);
    while (const size_t got = source->Read(piece)) {
        context.interrupt->Check();
        const Bytes bytes = Bytes(piece).first(got);
        size += got;
        if (size > record.stored_bytes)
            ThrowDamaged(What(record), "It is larger than the " +
                                           std::to_string(record.stored_bytes) +
                                           " bytes the manifest says.");
        hash.Update(bytes);
        if (context.done != nullptr) context.done->fetch_add(got, std::memory_order_relaxed);
        if (damage) continue;
        try {
            next.Write(bytes);
        } catch (const Error& e) {
            if (e.code() != Errc::Damaged) throw;
            damage = e;
        }
    }
    if (size != record.stored_bytes)
        ThrowDamaged(What(record), "It has " + std::to_string(size) + " bytes, the manifest says " +
                                       std::to_string(record.stored_bytes) + ".");
    if (const Sha256Digest digest = hash.Final(); digest != record.sha256)
        ThrowDamaged(What(record), "Its SHA-256 is " + ToHex(digest) + ", the manifest says " +
                                       ToHex(record.sha256) + ".");
    if (damage) throw Error(*damage);
}

void CheckCounts(const ObjectRecord& record, const CountTap& counted) {
    if (record.kind != ObjectKind::kData && record.kind != ObjectKind::kConfig) return;
    if (!counted.ends_with_newline()) ThrowDamaged(What(record), "Its last row has no end.");
    if (counted.lines() != record.rows)
        ThrowDamaged(What(record), "It has " + std::to_string(counted.lines()) +
                                       " rows, the manifest says " + std::to_string(record.rows) +
                                       ".");
}

} // namespace

ReadResult ReadObject(Store& store, const ObjectRecord& record, const ReadContext& context,
                      Sink& rows) {
    CountTap counted(rows);
    FrameReader frames(
        counted, {record.raw_bytes, record.blocks.has_value(),
                  [&](const Identity& identity) { CompareIdentity(identity, record, context); }});
    std::optional<CmsDecryptor> cms;
    const KeyLookup lookup = OnlyKeyOf(record, context.keys);
    if (record.key_id) cms.emplace(frames, lookup);
    Sink& first = cms ? static_cast<Sink&>(*cms) : frames;
    ReadResult result;
    try {
        ReadStored(store, record, context, first);
        first.Finish();
        result.index = frames.TakeIndex();
        if (record.blocks && result.index->blocks != *record.blocks)
            ThrowDamaged(What(record), "Its page index is for blocks " +
                                           OrNone(result.index->blocks) + ", the manifest says " +
                                           OrNone(record.blocks) + ".");
        CheckCounts(record, counted);
    } catch (const StoreError&) {
        throw;
    } catch (const Error& e) {
        if (e.code() != Errc::Damaged || e.message() == What(record) + " is missing") throw;
        ThrowNamed(record, e);
    }
    rows.Finish();
    result.identity = frames.identity();
    result.raw_bytes = counted.bytes();
    result.lines = counted.lines();
    return result;
}

void CheckObjectHash(Store& store, const ObjectRecord& record, Interrupt& interrupt,
                     std::atomic<uint64_t>* done) {
    DiscardSink nothing;
    ReadContext context;
    context.interrupt = &interrupt;
    context.done = done;
    ReadStored(store, record, context, nothing);
}

void CheckObjectsPresent(Store& store, std::span<const ObjectRecord> records, Interrupt& interrupt,
                         size_t* present) {
    std::vector<std::string_view> names;
    names.reserve(records.size());
    for (const ObjectRecord& record : records) names.emplace_back(record.name);
    size_t here = 0;
    size_t& next = present != nullptr ? *present : here;
    next = 0;
    try {
        store.StatEach(names, [&](const StoreObject& object) {
            interrupt.Check();
            const ObjectRecord& record = records[next];
            if (object.size != record.stored_bytes)
                ThrowDamaged(What(record), "It has " + std::to_string(object.size) +
                                               " bytes, the manifest says " +
                                               std::to_string(record.stored_bytes) + ".");
            ++next;
        });
    } catch (const StoreError& e) {
        if (e.fault() != StoreFault::kNotFound) throw;
        throw Error(Errc::Damaged, What(records[next]) + " is missing",
                    "The manifest lists it, the store does not have it.");
    }
}

} // namespace lifeboat
