// What passes from starter to run and from run to leader.
#include "pg/cbor.h"
#include "pg/messages.h"

namespace lifeboat::pg {

using namespace cbor;

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
                 {"compression", request.compression.Print()},
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
        request.compression = Compression::Parse(json.at("compression").get<std::string>());
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

} // namespace lifeboat::pg
