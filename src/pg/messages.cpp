#include "pg/messages.h"

#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace lifeboat::pg {
namespace {

using Json = nlohmann::json;

// Texts travel as byte strings: names need not be UTF-8.
Json Text(std::string_view text) { return Json::binary({text.begin(), text.end()}); }

std::string GetText(const Json& json) {
    const auto& bytes = json.get_binary();
    return {bytes.begin(), bytes.end()};
}

Json Texts(const std::vector<std::string>& texts) {
    Json array = Json::array();
    for (const std::string& text : texts) array.push_back(Text(text));
    return array;
}

std::vector<std::string> GetTexts(const Json& array) {
    std::vector<std::string> texts;
    for (const Json& item : array) texts.push_back(GetText(item));
    return texts;
}

Json TextMap(const std::map<std::string, std::string>& map) {
    Json object = Json::object();
    for (const auto& [name, value] : map) object[name] = Text(value);
    return object;
}

std::map<std::string, std::string> GetTextMap(const Json& object) {
    std::map<std::string, std::string> map;
    for (const auto& [name, value] : object.items()) map.emplace(name, GetText(value));
    return map;
}

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

std::string Pack(const Json& json) {
    std::string bytes;
    Json::to_cbor(json, bytes);
    return bytes;
}

// Runs `read` on the parsed message; whatever does not fit is a bug of ours, both ends are of one
// build.
template <class Read>
auto Unpack(std::string_view cbor, Read&& read) {
    try {
        return read(Json::from_cbor(cbor.begin(), cbor.end()));
    } catch (const Json::exception& failure) {
        throw Error(Errc::Internal, "a message between processes could not be read",
                    failure.what());
    }
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

std::string Encode(const RunRequest& request) {
    return Pack({{"kind", Text(request.kind)},
                 {"restore_id", request.restore_id ? Json(*request.restore_id) : Json()},
                 {"schedule", Text(request.schedule)},
                 {"database", Text(request.database)},
                 {"store", Text(request.store)},
                 {"type", Text(request.type)},
                 {"key", Text(request.key)},
                 {"requested_by", request.requested_by},
                 {"acting_role", request.acting_role},
                 {"scheduled_for", Text(request.scheduled_for)},
                 {"attempt", request.attempt},
                 {"wait", request.wait},
                 {"backup_id", Text(request.backup_id)},
                 {"target_database", Text(request.target_database)},
                 {"tables", Texts(request.tables)},
                 {"jobs", request.jobs}});
}

RunRequest DecodeRunRequest(std::string_view cbor) {
    return Unpack(cbor, [](const Json& json) {
        RunRequest request;
        request.kind = GetText(json.at("kind"));
        if (!json.at("restore_id").is_null())
            request.restore_id = json.at("restore_id").get<int64_t>();
        request.schedule = GetText(json.at("schedule"));
        request.database = GetText(json.at("database"));
        request.store = GetText(json.at("store"));
        request.type = GetText(json.at("type"));
        request.key = GetText(json.at("key"));
        request.requested_by = json.at("requested_by");
        request.acting_role = json.at("acting_role");
        request.scheduled_for = GetText(json.at("scheduled_for"));
        request.attempt = json.at("attempt");
        request.wait = json.at("wait");
        request.backup_id = GetText(json.at("backup_id"));
        request.target_database = GetText(json.at("target_database"));
        request.tables = GetTexts(json.at("tables"));
        request.jobs = json.at("jobs");
        return request;
    });
}

std::string Encode(const LeaderRequest& request) {
    return Pack({{"run_id", request.run_id},
                 {"backup_id", Text(request.backup_id)},
                 {"store_id", Text(request.store_id)},
                 {"store_url", Text(request.store_url)},
                 {"store_options", TextMap(request.store_options)},
                 {"database_oid", request.database_oid},
                 {"role_oid", request.role_oid},
                 {"role_name", Text(request.role_name)},
                 {"zstd_level", request.zstd_level},
                 {"workers", request.workers},
                 {"segment_bytes", request.segment_bytes},
                 {"include_tables", Texts(request.include_tables)},
                 {"exclude_tables", Texts(request.exclude_tables)},
                 {"exclude_table_data", Texts(request.exclude_table_data)},
                 {"schema_only", request.schema_only},
                 {"yield_to_ddl", request.yield_to_ddl},
                 {"lock_patience_ms", request.lock_patience_ms},
                 {"max_stored_bytes", request.max_stored_bytes},
                 {"globals", request.globals},
                 {"bin_directory", Text(request.bin_directory)},
                 {"connection", Text(request.connection)},
                 {"waiting_caller", request.waiting_caller}});
}

LeaderRequest DecodeLeaderRequest(std::string_view cbor) {
    return Unpack(cbor, [](const Json& json) {
        LeaderRequest request;
        request.run_id = json.at("run_id");
        request.backup_id = GetText(json.at("backup_id"));
        request.store_id = GetText(json.at("store_id"));
        request.store_url = GetText(json.at("store_url"));
        request.store_options = GetTextMap(json.at("store_options"));
        request.database_oid = json.at("database_oid");
        request.role_oid = json.at("role_oid");
        request.role_name = GetText(json.at("role_name"));
        request.zstd_level = json.at("zstd_level");
        request.workers = json.at("workers");
        request.segment_bytes = json.at("segment_bytes");
        request.include_tables = GetTexts(json.at("include_tables"));
        request.exclude_tables = GetTexts(json.at("exclude_tables"));
        request.exclude_table_data = GetTexts(json.at("exclude_table_data"));
        request.schema_only = json.at("schema_only");
        request.yield_to_ddl = json.at("yield_to_ddl");
        request.lock_patience_ms = json.at("lock_patience_ms");
        request.max_stored_bytes = json.at("max_stored_bytes");
        request.globals = json.at("globals");
        request.bin_directory = GetText(json.at("bin_directory"));
        request.connection = GetText(json.at("connection"));
        request.waiting_caller = json.at("waiting_caller");
        return request;
    });
}

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
