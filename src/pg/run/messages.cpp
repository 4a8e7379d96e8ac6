#include "pg/run/messages.h"

#include "pg/run/wire.h"

namespace lifeboat::pg::wire {

constexpr auto FieldsOf(Type<BlockRange> /*struct*/) {
    return std::tuple(&BlockRange::first, &BlockRange::end);
}

constexpr auto FieldsOf(Type<Compression> /*struct*/) {
    using T = Compression;
    return std::tuple(&T::method, &T::level, &T::long_distance);
}

constexpr auto FieldsOf(Type<ObjectRecord> /*struct*/) {
    using T = ObjectRecord;
    return std::tuple(&T::name, &T::kind, &T::stored_bytes, &T::raw_bytes, &T::rows, &T::sha256,
                      &T::origin, &T::key_id, &T::relation, &T::blocks, &T::part, &T::parts);
}

constexpr auto FieldsOf(Type<TocDetail> /*struct*/) {
    using T = TocDetail;
    return std::tuple(&T::relation, &T::schema, &T::name, &T::part, &T::parts, &T::rows,
                      &T::root_schema, &T::root_name, &T::relkind, &T::condition, &T::roles,
                      &T::tablespaces);
}

constexpr auto FieldsOf(Type<TocEntry> /*struct*/) {
    using T = TocEntry;
    return std::tuple(&T::object, &T::kind, &T::statement, &T::detail);
}

constexpr auto FieldsOf(Type<ClusterInfo> /*struct*/) {
    using T = ClusterInfo;
    return std::tuple(&T::system_identifier, &T::timeline, &T::server_version,
                      &T::server_version_num);
}

constexpr auto FieldsOf(Type<DatabaseInfo> /*struct*/) {
    using T = DatabaseInfo;
    return std::tuple(&T::oid, &T::name, &T::encoding, &T::locale_provider, &T::collate, &T::ctype,
                      &T::icu_locale, &T::collation_version);
}

constexpr auto FieldsOf(Type<VersionedName> /*struct*/) {
    return std::tuple(&VersionedName::name, &VersionedName::version);
}

constexpr auto FieldsOf(Type<RunRequest> /*struct*/) {
    using T = RunRequest;
    return std::tuple(&T::kind, &T::restore_id, &T::schedule, &T::database, &T::store, &T::type,
                      &T::key, &T::requested_by, &T::acting_role, &T::scheduled_for, &T::attempt,
                      &T::wait, &T::backup_id, &T::target_database, &T::tables, &T::jobs);
}

constexpr auto FieldsOf(Type<LeaderRequest> /*struct*/) {
    using T = LeaderRequest;
    return std::tuple(&T::run_id, &T::backup_id, &T::store_id, &T::store_url, &T::store_options,
                      &T::database_oid, &T::role_oid, &T::role_name, &T::compression, &T::workers,
                      &T::segment_bytes, &T::include_tables, &T::exclude_tables,
                      &T::exclude_table_data, &T::schema_only, &T::yield_to_ddl,
                      &T::lock_patience_ms, &T::max_stored_bytes, &T::globals, &T::bin_directory,
                      &T::connection, &T::waiting_caller);
}

constexpr auto FieldsOf(Type<SnapshotMessage> /*struct*/) {
    using T = SnapshotMessage;
    return std::tuple(&T::at, &T::lsn, &T::xmin, &T::xmax, &T::lref, &T::cluster, &T::database,
                      &T::extensions, &T::collation_providers, &T::settings, &T::tables,
                      &T::bytes_total);
}

constexpr auto FieldsOf(Type<ObjectMessage> /*struct*/) {
    using T = ObjectMessage;
    return std::tuple(&T::record, &T::entries, &T::order);
}

constexpr auto FieldsOf(Type<FinishedMessage> /*struct*/) {
    return std::tuple(&FinishedMessage::notes);
}

constexpr auto FieldsOf(Type<FailedMessage> /*struct*/) {
    using T = FailedMessage;
    return std::tuple(&T::sqlstate, &T::message, &T::detail, &T::hint, &T::retryable);
}

constexpr auto FieldsOf(Type<JobResult> /*struct*/) {
    return std::tuple(&JobResult::job, &JobResult::records);
}

} // namespace lifeboat::pg::wire

namespace lifeboat::pg {

std::string Encode(const RunRequest& request) { return wire::Encode(request); }
RunRequest DecodeRunRequest(std::string_view bytes) { return wire::Decode<RunRequest>(bytes); }

std::string Encode(const LeaderRequest& request) { return wire::Encode(request); }
LeaderRequest DecodeLeaderRequest(std::string_view bytes) {
    return wire::Decode<LeaderRequest>(bytes);
}

std::string Encode(const LeaderMessage& message) { return wire::Encode(message); }
LeaderMessage DecodeLeaderMessage(std::string_view bytes) {
    return wire::Decode<LeaderMessage>(bytes);
}

std::string Encode(const JobResult& result) { return wire::Encode(result); }
JobResult DecodeJobResult(std::string_view bytes) { return wire::Decode<JobResult>(bytes); }

} // namespace lifeboat::pg
