// What passes between starter, run and leader: plain structs, through shared memory (wire.h). Names
// are bytes in the database's encoding.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/format/manifest.h"
#include "core/format/toc.h"

namespace lifeboat::pg {

// Starter → run.
struct RunRequest {
    std::string kind = "backup"; // or "restore", "copy"
    std::optional<int64_t> restore_id;
    std::string schedule;      // empty: ad hoc
    std::string database;      // name; resolved by the run
    std::string store;         // empty: the schedule's, else the default
    std::string type;          // empty: the schedule's, else full
    std::string key;           // empty: the schedule's, else the default
    uint32_t requested_by = 0; // role oid
    uint32_t acting_role = 0;  // role oid: schedule's owner, or the caller
    std::string scheduled_for; // timestamptz text, empty: ad hoc
    int attempt = 1;
    bool wait = false;
    // Of a restore or copy.
    std::string backup_id;
    std::string target_database;
    std::vector<std::string> tables; // patterns
    int jobs = 0;                    // 0: the program's choice
};
std::string Encode(const RunRequest& request);
RunRequest DecodeRunRequest(std::string_view bytes);

// Run → leader.
struct LeaderRequest {
    int64_t run_id = 0;
    std::string backup_id;
    std::string store_id;
    std::string store_url;
    std::map<std::string, std::string> store_options;
    uint32_t database_oid = 0;
    uint32_t role_oid = 0;
    std::string role_name;
    Compression compression;
    int workers = 2;
    uint64_t segment_bytes = 64ULL << 20;
    std::vector<std::string> include_tables;
    std::vector<std::string> exclude_tables;
    std::vector<std::string> exclude_table_data;
    bool schema_only = false;
    bool yield_to_ddl = false;
    int lock_patience_ms = 30000;
    uint64_t max_stored_bytes = 0; // 0: no limit
    bool globals = true;           // this run also stores pg_dumpall --globals-only
    std::string bin_directory;
    std::string connection; // conninfo for children, without dbname
    bool waiting_caller = false;
};
std::string Encode(const LeaderRequest& request);
LeaderRequest DecodeLeaderRequest(std::string_view bytes);

// Leader → run, in this order: one snapshot, objects, one finished; or one failed at any time. A
// leader that begins again sends another snapshot: objects before it are of no use.
struct SnapshotMessage {
    Instant at{};
    std::string lsn, xmin, xmax;
    std::string lref; // empty: no sample
    ClusterInfo cluster;
    DatabaseInfo database;
    std::vector<VersionedName> extensions;
    std::vector<VersionedName> collation_providers;
    std::map<std::string, std::string> settings;
    uint64_t tables = 0;
    uint64_t bytes_total = 0;
};
struct ObjectMessage {
    ObjectRecord record;
    std::vector<TocEntry> entries; // usually one; the schema archive has two (schema, post)
    uint32_t order = 0;            // relation's place in the toc within its kind
};
struct FinishedMessage {
    std::vector<std::string> notes; // e.g. "roles are stored without passwords: …"
};
struct FailedMessage {
    std::string sqlstate, message, detail, hint;
    bool retryable = false;
};
using LeaderMessage = std::variant<SnapshotMessage, ObjectMessage, FinishedMessage, FailedMessage>;
std::string Encode(const LeaderMessage& message);
LeaderMessage DecodeLeaderMessage(std::string_view bytes);

// Worker → leader: the objects of one finished job, all its parts.
struct JobResult {
    uint32_t job = 0;
    std::vector<ObjectRecord> records;
};
std::string Encode(const JobResult& result);
JobResult DecodeJobResult(std::string_view bytes);

} // namespace lifeboat::pg
