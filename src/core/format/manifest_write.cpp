#include "core/base/error.h"
#include "core/format/json.h"
#include "core/format/manifest.h"

namespace lifeboat {
namespace {

std::string Decimal(uint64_t value) { return std::to_string(value); }

OrderedJson OrNull(const std::string& text) {
    return text.empty() ? OrderedJson() : OrderedJson(text);
}

OrderedJson RecordJson(const ObjectRecord& record) {
    OrderedJson json;
    json["name"] = record.name;
    json["kind"] = ObjectKindName(record.kind);
    json["stored_bytes"] = Decimal(record.stored_bytes);
    json["raw_bytes"] = Decimal(record.raw_bytes);
    json["rows"] = Decimal(record.rows);
    json["sha256"] = ToHex(record.sha256);
    json["origin"] = record.origin;
    if (record.key_id) json["key_id"] = ToHex(*record.key_id);
    if (record.relation != 0) json["relation"] = record.relation;
    if (record.blocks) json["blocks"] = {record.blocks->first, record.blocks->end};
    if (record.parts != 1) {
        json["part"] = record.part;
        json["parts"] = record.parts;
    }
    return json;
}

OrderedJson ClusterJson(const ClusterInfo& cluster) {
    OrderedJson json;
    json["system_identifier"] = cluster.system_identifier;
    json["timeline"] = cluster.timeline;
    PutText(json, "server_version", cluster.server_version);
    json["server_version_num"] = cluster.server_version_num;
    return json;
}

OrderedJson DatabaseJson(const DatabaseInfo& database) {
    OrderedJson json;
    json["oid"] = database.oid;
    PutText(json, "name", database.name);
    PutText(json, "encoding", database.encoding);
    PutText(json, "locale_provider", database.locale_provider);
    PutText(json, "collate", database.collate);
    PutText(json, "ctype", database.ctype);
    PutText(json, "icu_locale", database.icu_locale);
    PutText(json, "collation_version", database.collation_version);
    return json;
}

OrderedJson VersionsJson(const std::vector<VersionedName>& versions) {
    OrderedJson list = OrderedJson::array();
    for (const VersionedName& entry : versions) {
        OrderedJson json;
        PutText(json, "name", entry.name);
        PutText(json, "version", entry.version);
        list.push_back(std::move(json));
    }
    return list;
}

OrderedJson SettingsJson(const std::map<std::string, std::string>& settings) {
    OrderedJson json = OrderedJson::object();
    for (const auto& [name, value] : settings) PutText(json, name, value);
    return json;
}

OrderedJson TotalsJson(const Totals& totals) {
    OrderedJson json;
    json["tables"] = Decimal(totals.tables);
    json["rows"] = Decimal(totals.rows);
    json["raw_bytes"] = Decimal(totals.raw_bytes);
    json["stored_bytes"] = Decimal(totals.stored_bytes);
    json["total_stored_bytes"] = Decimal(totals.total_stored_bytes);
    json["segments"] = Decimal(totals.segments);
    return json;
}

template <typename Container>
OrderedJson HexList(const Container& values) {
    OrderedJson list = OrderedJson::array();
    for (const auto& value : values) list.push_back(ToHex(value));
    return list;
}

void PutBackup(OrderedJson& json, const Manifest& manifest) {
    json["format"] = kFormat;
    json["requires"] = manifest.requires_;
    json["store_id"] = manifest.store_id;
    json["backup_id"] = manifest.backup_id;
    json["sequence"] = Decimal(manifest.sequence);
    json["previous"] = nullptr;
    if (manifest.previous) {
        json["previous"] = {{"backup_id", manifest.previous->backup_id},
                            {"sums_sha256", ToHex(manifest.previous->sums)}};
    }
    json["type"] = BackupTypeName(manifest.type);
    json["reference_backup"] = OrNull(manifest.reference_backup);
    PutText(json, "tool", manifest.tool);
    PutText(json, "schedule", manifest.schedule);
    PutText(json, "role", manifest.role);
    json["started"] = Rfc3339(manifest.started);
    json["snapshot_at"] = Rfc3339(manifest.snapshot_at);
    json["finished"] = Rfc3339(manifest.finished);
}

void PutSource(OrderedJson& json, const Manifest& manifest) {
    json["cluster"] = ClusterJson(manifest.cluster);
    json["database"] = DatabaseJson(manifest.database);
    json["extensions"] = VersionsJson(manifest.extensions);
    json["collation_providers"] = VersionsJson(manifest.collation_providers);
    json["snapshot"] = {{"lsn", manifest.snapshot_lsn}, {"xmin", manifest.snapshot_xmin}};
    json["settings"] = SettingsJson(manifest.settings);
}

void PutStorage(OrderedJson& json, const Manifest& manifest) {
    json["compression"] = manifest.compression.Print();
    json["encrypted"] = manifest.encrypted;
    json["recipients"] = HexList(manifest.recipients);
    json["key_ids"] = HexList(manifest.key_ids);
    json["signer"] = manifest.signer ? OrderedJson(ToHex(*manifest.signer)) : OrderedJson();
    json["witness"] = nullptr;
    if (manifest.witness)
        json["witness"] = {{"nonce", manifest.witness->nonce}, {"xid", manifest.witness->xid}};
    json["lref"] = OrNull(manifest.lref);
    json["totals"] = TotalsJson(manifest.totals);
    json["toc"] = RecordJson(manifest.toc);
}

} // namespace

std::string FormatManifest(const Manifest& manifest) {
    OrderedJson head;
    PutBackup(head, manifest);
    PutSource(head, manifest);
    PutStorage(head, manifest);
    std::string text = "{\n";
    for (const auto& [key, value] : head.items())
        text.append("\"").append(key).append("\": ").append(FormatJson(value)).append(",\n");
    text += "\"objects\": [";
    if (text.size() > kMaxHeadBytes)
        throw Error(
            Errc::LimitExceeded,
            "the manifest's head would have " + std::to_string(text.size()) + " bytes",
            "At most " + std::to_string(kMaxHeadBytes) + " are read before its list of objects.");
    const char* before = "\n";
    for (const ObjectRecord& record : manifest.objects) {
        text.append(before).append(FormatJson(RecordJson(record)));
        before = ",\n";
    }
    text += "\n]\n}\n";
    if (text.size() > kMaxManifestBytes)
        throw Error(Errc::LimitExceeded,
                    "the manifest would have " + std::to_string(text.size()) + " bytes",
                    "At most " + std::to_string(kMaxManifestBytes) + " are possible.");
    return text;
}

} // namespace lifeboat
