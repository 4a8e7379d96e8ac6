#include "core/format/manifest.h"

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/format/json.h"

namespace lifeboat {
namespace {

constexpr std::string_view kObjectsLine = "\n\"objects\": [";

bool IsHexId(std::string_view text) {
    std::array<std::byte, 16> bytes{};
    return DecodeHex(text, bytes);
}

bool IsLsn(std::string_view text) {
    const size_t slash = text.find('/');
    const auto half = [](std::string_view digits) {
        return !digits.empty() && digits.size() <= 8 &&
               digits.find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
    };
    return slash != std::string_view::npos && half(text.substr(0, slash)) &&
           half(text.substr(slash + 1));
}

std::string BackupIdMember(const JsonObject& object, std::string_view key) {
    std::string id = object.Text(key);
    if (!IsBackupId(id)) object.Refuse(key, "is not a backup id");
    return id;
}

ObjectRecord ReadRecord(const JsonObject& object) {
    ObjectRecord record;
    record.name = object.Text("name");
    const auto kind = ParseObjectKind(object.Text("kind"));
    if (!kind) object.Refuse("kind", "is not known");
    record.kind = *kind;
    record.stored_bytes = object.Number64("stored_bytes");
    record.raw_bytes = object.Number64("raw_bytes");
    record.rows = object.Number64("rows");
    record.sha256 = object.Digest("sha256");
    record.origin = BackupIdMember(object, "origin");
    if (object.Has("key_id")) record.key_id = object.Id("key_id");
    if (object.Has("relation")) record.relation = object.Number32("relation");
    if (object.Has("blocks")) record.blocks = ReadBlockRange(object, "blocks");
    if (object.Has("part")) record.part = object.Number32("part");
    if (object.Has("parts")) record.parts = object.Number32("parts");
    if (record.part < 1 || record.part > record.parts)
        object.Refuse("part", "is not one of its parts");
    if (IsClearName(record.name) == record.key_id.has_value())
        object.Refuse("name",
                      record.key_id
                          ? "ends with .zst or .lz4, but the object is encrypted"
                          : "must end with .zst or .lz4, because the object is not encrypted");
    return record;
}

ObjectRecord ReadObjectRecord(const Json& json, std::string_view what, size_t index) {
    const JsonObject object(json, what, "objects[" + std::to_string(index) + "]");
    ObjectRecord record = ReadRecord(object);
    if (!IsObjectName(record.name)) object.Refuse("name", "is not the name of an object");
    if (record.kind == ObjectKind::kToc || record.kind == ObjectKind::kPost)
        object.Refuse("kind", "is not one that the manifest lists");
    if (record.blocks && record.kind != ObjectKind::kData && record.kind != ObjectKind::kConfig &&
        record.kind != ObjectKind::kLargeObjects)
        object.Refuse("blocks", "is not for an object of this kind");
    return record;
}

void CheckFormat(const JsonObject& object) {
    const std::string hint = "Use a newer version of pg_lifeboat.";
    if (const std::string format = object.Text("format"); format != kFormat)
        throw Error(Errc::Unsupported,
                    "the backup's format \"" + Printable(format) + "\" is not known",
                    "This version reads \"" + std::string(kFormat) + "\".", hint);
    for (const std::string& feature : object.Texts("requires"))
        throw Error(Errc::Unsupported,
                    "the backup requires \"" + Printable(feature) + "\", which is not known", {},
                    hint);
}

void ReadBackup(const JsonObject& object, Manifest& manifest) {
    manifest.store_id = object.Text("store_id");
    if (!IsHexId(manifest.store_id)) object.Refuse("store_id", "is not a store id");
    manifest.backup_id = BackupIdMember(object, "backup_id");
    manifest.sequence = object.Number64("sequence");
    if (object.Has("previous")) {
        const JsonObject previous = object.Child("previous");
        manifest.previous = {BackupIdMember(previous, "backup_id"), previous.Digest("sums_sha256")};
    }
    const auto type = ParseBackupType(object.Text("type"));
    if (!type) object.Refuse("type", "is not known");
    manifest.type = *type;
    if (object.Has("reference_backup"))
        manifest.reference_backup = BackupIdMember(object, "reference_backup");
    manifest.tool = object.OptionalText("tool");
    manifest.schedule = object.OptionalText("schedule");
    manifest.role = object.OptionalText("role");
    manifest.started = object.When("started");
    manifest.snapshot_at = object.When("snapshot_at");
    manifest.finished = object.When("finished");
}

std::vector<VersionedName> ReadVersions(const JsonObject& object, std::string_view key,
                                        std::string_view what) {
    std::vector<VersionedName> versions;
    for (const Json& item : object.Array(key)) {
        const JsonObject entry(item, what, std::string(key) + "[]");
        versions.push_back({entry.Text("name"), entry.Text("version")});
    }
    return versions;
}

std::map<std::string, std::string> ReadSettings(const JsonObject& settings) {
    constexpr std::string_view kHex = "_hex";
    std::map<std::string, std::string> values;
    for (const auto& item : settings.json().items()) {
        std::string name = item.key();
        if (name.ends_with(kHex)) name.resize(name.size() - kHex.size());
        values[name] = settings.Text(name);
    }
    return values;
}

void ReadSource(const JsonObject& object, std::string_view what, Manifest& manifest) {
    const JsonObject cluster = object.Child("cluster");
    manifest.cluster.system_identifier = cluster.Text("system_identifier");
    if (!ParseDecimal64(manifest.cluster.system_identifier))
        cluster.Refuse("system_identifier", "is not a decimal number in a string");
    manifest.cluster.timeline = cluster.Number32("timeline");
    manifest.cluster.server_version = cluster.Text("server_version");
    manifest.cluster.server_version_num =
        static_cast<int>(cluster.Number32("server_version_num") & INT32_MAX);

    const JsonObject database = object.Child("database");
    manifest.database.oid = database.Number32("oid");
    manifest.database.name = database.Text("name");
    if (manifest.database.name.empty()) database.Refuse("name", "is empty");
    manifest.database.encoding = database.Text("encoding");
    manifest.database.locale_provider = database.OptionalText("locale_provider");
    manifest.database.collate = database.OptionalText("collate");
    manifest.database.ctype = database.OptionalText("ctype");
    manifest.database.icu_locale = database.OptionalText("icu_locale");
    manifest.database.collation_version = database.OptionalText("collation_version");

    manifest.extensions = ReadVersions(object, "extensions", what);
    manifest.collation_providers = ReadVersions(object, "collation_providers", what);
    const JsonObject snapshot = object.Child("snapshot");
    manifest.snapshot_lsn = snapshot.Text("lsn");
    if (!IsLsn(manifest.snapshot_lsn)) snapshot.Refuse("lsn", "is not an LSN like 0/15872D8");
    manifest.snapshot_xmin = snapshot.Text("xmin");
    if (!ParseDecimal64(manifest.snapshot_xmin))
        snapshot.Refuse("xmin", "is not a decimal number in a string");
    manifest.settings = ReadSettings(object.Child("settings"));
}

void ReadKeys(const JsonObject& object, Manifest& manifest) {
    for (const std::string& hex : object.Texts("recipients")) {
        Sha256Digest fingerprint{};
        if (!DecodeHex(hex, fingerprint))
            object.Refuse("recipients", "holds something that is not a fingerprint");
        manifest.recipients.push_back(fingerprint);
    }
    for (const std::string& hex : object.Texts("key_ids")) {
        KeyId id{};
        if (!DecodeHex(hex, id)) object.Refuse("key_ids", "holds something that is not a key id");
        manifest.key_ids.push_back(id);
    }
    if (object.Has("signer")) manifest.signer = object.Digest("signer");
}

void ReadStorage(const JsonObject& object, Manifest& manifest) {
    const auto compression = Compression::ParsePrinted(object.Text("compression"));
    if (!compression) object.Refuse("compression", "is not known");
    manifest.compression = *compression;
    manifest.encrypted = object.Flag("encrypted");
    ReadKeys(object, manifest);
    if (object.Has("witness")) {
        const JsonObject witness = object.Child("witness");
        manifest.witness = {witness.Text("nonce"), witness.Text("xid")};
    }
    if (object.Has("lref")) {
        manifest.lref = object.Text("lref");
        if (!IsLsn(manifest.lref)) object.Refuse("lref", "is not an LSN like 0/15872D8");
    }
    const JsonObject totals = object.Child("totals");
    manifest.totals = {totals.Number64("tables"),
                       totals.Number64("rows"),
                       totals.Number64("raw_bytes"),
                       totals.Number64("stored_bytes"),
                       totals.Number64("total_stored_bytes"),
                       totals.Number64("segments")};
    const JsonObject toc = object.Child("toc");
    manifest.toc = ReadRecord(toc);
    if (manifest.toc.kind != ObjectKind::kToc) toc.Refuse("kind", "is not \"toc\"");
    if (manifest.toc.origin != manifest.backup_id) toc.Refuse("origin", "is not this backup");
    if (manifest.toc.name != TocName(manifest.backup_id, manifest.encrypted))
        toc.Refuse("name", "is not that of this backup's toc");
}

// An encrypted backup has only encrypted objects under keys it names, a clear one only clear
// objects.
void CheckRecordKey(const ObjectRecord& record, const Manifest& manifest,
                    const std::set<KeyId>& keys, std::string_view what) {
    if (record.key_id.has_value() != manifest.encrypted)
        ThrowDamaged(what, "Object " + record.name + " is " +
                               (manifest.encrypted ? "not encrypted" : "encrypted") +
                               ", the backup is " + (manifest.encrypted ? "encrypted." : "not."));
    if (record.key_id && !keys.contains(*record.key_id))
        ThrowDamaged(what, "Object " + record.name + " is under key " + ToHex(*record.key_id) +
                               ", which is not among key_ids.");
}

void CheckRecords(const Manifest& manifest, std::string_view what) {
    const std::set<KeyId> keys(manifest.key_ids.begin(), manifest.key_ids.end());
    if (keys.size() != manifest.key_ids.size()) ThrowDamaged(what, "A key id is there twice.");
    if (keys.empty() == manifest.encrypted)
        ThrowDamaged(what, "Its key_ids do not fit its encrypted.");
    CheckRecordKey(manifest.toc, manifest, keys, what);
    std::set<std::string_view> names;
    for (const ObjectRecord& record : manifest.objects) {
        if (!names.insert(record.name).second)
            ThrowDamaged(what, "Object " + record.name + " is there twice.");
        CheckRecordKey(record, manifest, keys, what);
    }
}

void CheckTotals(const Manifest& manifest, std::string_view what) {
    const Totals computed = ComputeTotals(manifest);
    const auto check = [&](std::string_view member, uint64_t stands, uint64_t is) {
        if (stands == is) return;
        ThrowDamaged(what, "totals." + std::string(member) + " is " + std::to_string(stands) +
                               ", its objects add up to " + std::to_string(is) + ".");
    };
    check("stored_bytes", manifest.totals.stored_bytes, computed.stored_bytes);
    check("total_stored_bytes", manifest.totals.total_stored_bytes, computed.total_stored_bytes);
    if (manifest.type != BackupType::kFull)
        return; // rows may be replaced by later objects: no simple sum
    check("rows", manifest.totals.rows, computed.rows);
    check("raw_bytes", manifest.totals.raw_bytes, computed.raw_bytes);
    check("segments", manifest.totals.segments, computed.segments);
}

Manifest ParseHeadMembers(const Json& json, std::string_view what) {
    const JsonObject object(json, what);
    CheckFormat(object);
    Manifest manifest;
    ReadBackup(object, manifest);
    ReadSource(object, what, manifest);
    ReadStorage(object, manifest);
    if (!object.Array("objects").empty())
        object.Refuse("objects", "holds something that is not an object");
    return manifest;
}

} // namespace

Manifest::Manifest() = default;
Manifest::Manifest(const Manifest& other) = default;
Manifest::Manifest(Manifest&& other) noexcept = default;
Manifest& Manifest::operator=(const Manifest& other) = default;
Manifest& Manifest::operator=(Manifest&& other) noexcept = default;
Manifest::~Manifest() = default;

Totals ComputeTotals(const Manifest& manifest) {
    Totals totals;
    totals.tables = manifest.totals.tables;
    totals.stored_bytes = totals.total_stored_bytes = manifest.toc.stored_bytes;
    for (const ObjectRecord& record : manifest.objects) {
        totals.total_stored_bytes += record.stored_bytes;
        if (record.origin == manifest.backup_id) totals.stored_bytes += record.stored_bytes;
        totals.raw_bytes += record.raw_bytes;
        if (record.kind == ObjectKind::kData || record.kind == ObjectKind::kConfig)
            totals.rows += record.rows;
        if (record.kind == ObjectKind::kData) ++totals.segments;
    }
    return totals;
}

Manifest ParseManifest(std::string_view text, std::string_view what) {
    std::vector<ObjectRecord> records;
    const JsonElements elements{"objects", [&](const Json& element, size_t index) {
                                    records.push_back(ReadObjectRecord(element, what, index));
                                }};
    const Json json = ParseJson(text, what, kMaxManifestBytes, &elements);
    Manifest manifest = ParseHeadMembers(json, what);
    manifest.objects = std::move(records);
    CheckRecords(manifest, what);
    CheckTotals(manifest, what);
    return manifest;
}

std::optional<Manifest> ParseManifestHead(std::string_view head, std::string_view what) {
    const size_t objects = head.find(kObjectsLine);
    if (objects == std::string_view::npos) return std::nullopt;
    std::string text(head.substr(0, objects + kObjectsLine.size()));
    text += "]}";
    return ParseHeadMembers(ParseJson(text, what, kMaxManifestBytes), what);
}

} // namespace lifeboat
