#include "pg/messages.h"

#include "pg/cbor.h"

namespace lifeboat::pg {

using namespace cbor;

namespace {

template <size_t N>
Json Octets(const std::array<std::byte, N>& bytes) {
    return Text(AsText(bytes));
}

template <size_t N>
std::array<std::byte, N> GetOctets(const Json& json) {
    const auto& binary = json.get_binary();
    if (binary.size() != N)
        throw Error(Errc::Internal, "a message between processes has bytes of a wrong length");
    std::array<std::byte, N> bytes;
    std::transform(binary.begin(), binary.end(), bytes.begin(),
                   [](auto octet) { return static_cast<std::byte>(octet); });
    return bytes;
}

Json Blocks(const std::optional<BlockRange>& blocks) {
    return blocks ? Json::array({blocks->first, blocks->end}) : Json();
}

std::optional<BlockRange> GetBlocks(const Json& json) {
    if (json.is_null()) return std::nullopt;
    return BlockRange{json.at(0).get<uint32_t>(), json.at(1).get<uint32_t>()};
}

Json ToJson(const ObjectRecord& record) {
    return {{"name", Text(record.name)},
            {"kind", static_cast<int>(record.kind)},
            {"stored_bytes", record.stored_bytes},
            {"raw_bytes", record.raw_bytes},
            {"rows", record.rows},
            {"sha256", Octets(record.sha256)},
            {"origin", Text(record.origin)},
            {"key_id", record.key_id ? Octets(*record.key_id) : Json()},
            {"relation", record.relation},
            {"blocks", Blocks(record.blocks)},
            {"part", record.part},
            {"parts", record.parts}};
}

ObjectRecord ToRecord(const Json& json) {
    ObjectRecord record;
    record.name = GetText(json.at("name"));
    record.kind = static_cast<ObjectKind>(json.at("kind").get<int>());
    record.stored_bytes = json.at("stored_bytes");
    record.raw_bytes = json.at("raw_bytes");
    record.rows = json.at("rows");
    record.sha256 = GetOctets<std::tuple_size_v<Sha256Digest>>(json.at("sha256"));
    record.origin = GetText(json.at("origin"));
    if (!json.at("key_id").is_null())
        record.key_id = GetOctets<std::tuple_size_v<KeyId>>(json.at("key_id"));
    record.relation = json.at("relation");
    record.blocks = GetBlocks(json.at("blocks"));
    record.part = json.at("part");
    record.parts = json.at("parts");
    return record;
}

Json ToJson(const TocDetail& detail) {
    return {{"relation", detail.relation},
            {"schema", Text(detail.schema)},
            {"name", Text(detail.name)},
            {"part", detail.part},
            {"parts", detail.parts},
            {"rows", detail.rows},
            {"root_schema", Text(detail.root_schema)},
            {"root_name", Text(detail.root_name)},
            {"relkind", static_cast<int>(detail.relkind)},
            {"condition", Text(detail.condition)},
            {"roles", Texts(detail.roles)},
            {"tablespaces", Texts(detail.tablespaces)}};
}

TocDetail ToDetail(const Json& json) {
    TocDetail detail;
    detail.relation = json.at("relation");
    detail.schema = GetText(json.at("schema"));
    detail.name = GetText(json.at("name"));
    detail.part = json.at("part");
    detail.parts = json.at("parts");
    detail.rows = json.at("rows");
    detail.root_schema = GetText(json.at("root_schema"));
    detail.root_name = GetText(json.at("root_name"));
    detail.relkind = static_cast<char>(json.at("relkind").get<int>());
    detail.condition = GetText(json.at("condition"));
    detail.roles = GetTexts(json.at("roles"));
    detail.tablespaces = GetTexts(json.at("tablespaces"));
    return detail;
}

Json ToJson(const TocEntry& entry) {
    return {{"object", Text(entry.object)},
            {"kind", static_cast<int>(entry.kind)},
            {"statement", Text(entry.statement)},
            {"detail", ToJson(entry.detail)}};
}

TocEntry ToEntry(const Json& json) {
    return {GetText(json.at("object")), static_cast<ObjectKind>(json.at("kind").get<int>()),
            GetText(json.at("statement")), ToDetail(json.at("detail"))};
}

Json ToJson(const ClusterInfo& cluster) {
    return {{"system_identifier", Text(cluster.system_identifier)},
            {"timeline", cluster.timeline},
            {"server_version", Text(cluster.server_version)},
            {"server_version_num", cluster.server_version_num}};
}

ClusterInfo ToCluster(const Json& json) {
    return {GetText(json.at("system_identifier")), json.at("timeline"),
            GetText(json.at("server_version")), json.at("server_version_num")};
}

Json ToJson(const DatabaseInfo& database) {
    return {{"oid", database.oid},
            {"name", Text(database.name)},
            {"encoding", Text(database.encoding)},
            {"locale_provider", Text(database.locale_provider)},
            {"collate", Text(database.collate)},
            {"ctype", Text(database.ctype)},
            {"icu_locale", Text(database.icu_locale)},
            {"collation_version", Text(database.collation_version)}};
}

DatabaseInfo ToDatabase(const Json& json) {
    return {json.at("oid"),
            GetText(json.at("name")),
            GetText(json.at("encoding")),
            GetText(json.at("locale_provider")),
            GetText(json.at("collate")),
            GetText(json.at("ctype")),
            GetText(json.at("icu_locale")),
            GetText(json.at("collation_version"))};
}

Json Versions(const std::vector<VersionedName>& names) {
    Json array = Json::array();
    for (const VersionedName& name : names)
        array.push_back({{"name", Text(name.name)}, {"version", Text(name.version)}});
    return array;
}

std::vector<VersionedName> GetVersions(const Json& array) {
    std::vector<VersionedName> names;
    for (const Json& item : array)
        names.push_back({GetText(item.at("name")), GetText(item.at("version"))});
    return names;
}

Json ToJson(const SnapshotMessage& message) {
    return {{"type", "snapshot"},
            {"at", message.at.time_since_epoch().count()},
            {"lsn", Text(message.lsn)},
            {"xmin", Text(message.xmin)},
            {"xmax", Text(message.xmax)},
            {"lref", Text(message.lref)},
            {"cluster", ToJson(message.cluster)},
            {"database", ToJson(message.database)},
            {"extensions", Versions(message.extensions)},
            {"collation_providers", Versions(message.collation_providers)},
            {"settings", TextMap(message.settings)},
            {"tables", message.tables},
            {"bytes_total", message.bytes_total}};
}

SnapshotMessage ToSnapshot(const Json& json) {
    SnapshotMessage message;
    message.at = Instant(std::chrono::microseconds(json.at("at").get<int64_t>()));
    message.lsn = GetText(json.at("lsn"));
    message.xmin = GetText(json.at("xmin"));
    message.xmax = GetText(json.at("xmax"));
    message.lref = GetText(json.at("lref"));
    message.cluster = ToCluster(json.at("cluster"));
    message.database = ToDatabase(json.at("database"));
    message.extensions = GetVersions(json.at("extensions"));
    message.collation_providers = GetVersions(json.at("collation_providers"));
    message.settings = GetTextMap(json.at("settings"));
    message.tables = json.at("tables");
    message.bytes_total = json.at("bytes_total");
    return message;
}

Json ToJson(const ObjectMessage& message) {
    Json entries = Json::array();
    for (const TocEntry& entry : message.entries) entries.push_back(ToJson(entry));
    return {{"type", "object"},
            {"record", ToJson(message.record)},
            {"entries", entries},
            {"order", message.order}};
}

ObjectMessage ToObject(const Json& json) {
    ObjectMessage message;
    message.record = ToRecord(json.at("record"));
    for (const Json& entry : json.at("entries")) message.entries.push_back(ToEntry(entry));
    message.order = json.at("order");
    return message;
}

Json ToJson(const FinishedMessage& message) {
    return {{"type", "finished"}, {"notes", Texts(message.notes)}};
}

Json ToJson(const FailedMessage& message) {
    return {{"type", "failed"},
            {"sqlstate", Text(message.sqlstate)},
            {"message", Text(message.message)},
            {"detail", Text(message.detail)},
            {"hint", Text(message.hint)},
            {"retryable", message.retryable}};
}

FailedMessage ToFailed(const Json& json) {
    return {GetText(json.at("sqlstate")), GetText(json.at("message")), GetText(json.at("detail")),
            GetText(json.at("hint")), json.at("retryable")};
}

LeaderMessage ToLeaderMessage(const Json& json) {
    const std::string type = json.at("type");
    if (type == "snapshot") return ToSnapshot(json);
    if (type == "object") return ToObject(json);
    if (type == "finished") return FinishedMessage{GetTexts(json.at("notes"))};
    if (type == "failed") return ToFailed(json);
    throw Error(Errc::Internal,
                "a message between processes has the unknown type \"" + type + "\"");
}

} // namespace

std::string Encode(const LeaderMessage& message) {
    return std::visit([](const auto& one) { return Pack(ToJson(one)); }, message);
}

LeaderMessage DecodeLeaderMessage(std::string_view cbor) {
    return Unpack(cbor, [](const Json& json) { return ToLeaderMessage(json); });
}

std::string Encode(const JobResult& result) {
    Json records = Json::array();
    for (const ObjectRecord& record : result.records) records.push_back(ToJson(record));
    return Pack({{"job", result.job}, {"records", records}});
}

JobResult DecodeJobResult(std::string_view cbor) {
    return Unpack(cbor, [](const Json& json) {
        JobResult result;
        result.job = json.at("job");
        for (const Json& record : json.at("records")) result.records.push_back(ToRecord(record));
        return result;
    });
}

} // namespace lifeboat::pg
