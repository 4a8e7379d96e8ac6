#include "pg/catalog/restore_points.h"

#include "pg/bridge/encoding.h"
#include "pg/catalog/names.h"

namespace lifeboat::pg {
namespace {

std::string Number(uint64_t number) { return std::to_string(number); }

std::vector<std::string> KeyIds(const Manifest& manifest) {
    std::vector<std::string> ids;
    for (const KeyId& id : manifest.key_ids) ids.push_back(ToHex(id));
    return ids;
}

void AddRow(const Home& home, const CatalogEntry& entry) {
    const Manifest& m = *entry.manifest;
    const std::string database = ToLocalEncoding(m.database.name, m.database.encoding);
    Execute(
        home.Sql(
            "INSERT INTO @.backup_restore_points (backup_id, store, run_id, database, "
            "database_oid, "
            "type, schedule, sequence, sums, taken_at, started_at, finished_at, lsn, timeline, "
            "system_identifier, server_version, tables, rows, raw_bytes, stored_bytes, "
            "total_stored_bytes, segments, encrypted, key, signer_id, key_ids, role_name, "
            "role_oid, "
            "imported, notes, status) VALUES ($1, $2, $3::bigint, $4, $5::oid, $6, $7, $8::bigint, "
            "$9, "
            "$10::timestamptz, $11::timestamptz, $12::timestamptz, $13::pg_lsn, $14::integer, $15, "
            "$16, $17::bigint, $18::bigint, $19::bigint, $20::bigint, $21::bigint, $22::bigint, "
            "$23::boolean, $24, $25, $26::text[], $27, $28::oid, $29::boolean, $30::text[], $31)"),
        {m.backup_id,
         entry.store,
         entry.run_id ? Value(std::to_string(*entry.run_id)) : Value(),
         database,
         Number(m.database.oid),
         std::string(BackupTypeName(m.type)),
         m.schedule.empty() ? Value() : Value(ToLocalEncoding(m.schedule, "UTF8")),
         Number(m.sequence),
         entry.sums,
         Rfc3339(m.snapshot_at),
         Rfc3339(m.started),
         Rfc3339(m.finished),
         m.snapshot_lsn,
         Number(m.cluster.timeline),
         m.cluster.system_identifier,
         m.cluster.server_version,
         Number(m.totals.tables),
         Number(m.totals.rows),
         Number(m.totals.raw_bytes),
         Number(m.totals.stored_bytes),
         Number(m.totals.total_stored_bytes),
         Number(m.totals.segments),
         std::string(m.encrypted ? "t" : "f"),
         entry.key,
         m.signer ? Value(ToHex(*m.signer)) : Value(),
         ArrayLiteral(KeyIds(m)),
         m.role.empty() ? Value() : Value(ToLocalEncoding(m.role, "UTF8")),
         OidIsValid(entry.role_oid) ? Value(std::to_string(entry.role_oid)) : Value(),
         std::string(entry.imported ? "t" : "f"),
         ArrayLiteral(entry.notes),
         std::string(entry.damaged ? "damaged" : "available")});
}

std::string KindWord(const TocEntry& entry) {
    if (entry.kind == ObjectKind::kConfig) return "configuration table";
    if (entry.kind == ObjectKind::kLargeObjects) return "large objects";
    return entry.detail.relkind == 'm' ? "materialized view" : "table";
}

struct RelationSum {
    std::string schema, name, kind;
    uint64_t rows = 0, raw = 0, stored = 0, segments = 0;
};

// By relation, in toc order.
std::vector<RelationSum> SumRelations(const Manifest& manifest, const std::vector<TocEntry>& toc) {
    std::map<std::string_view, const ObjectRecord*> objects;
    for (const ObjectRecord& record : manifest.objects) objects[record.name] = &record;
    std::map<std::pair<ObjectKind, uint32_t>, size_t> places;
    std::vector<RelationSum> sums;
    for (const TocEntry& entry : toc) {
        if (entry.kind != ObjectKind::kData && entry.kind != ObjectKind::kConfig &&
            entry.kind != ObjectKind::kLargeObjects) {
            continue;
        }
        const auto [place, fresh] =
            places.try_emplace({entry.kind, entry.detail.relation}, sums.size());
        if (fresh) {
            const std::string& encoding = manifest.database.encoding;
            sums.push_back({ToLocalEncoding(entry.detail.schema, encoding),
                            ToLocalEncoding(entry.detail.name, encoding), KindWord(entry)});
        }
        RelationSum& sum = sums[place->second];
        const ObjectRecord& record = *objects.at(entry.object);
        sum.rows += record.rows;
        sum.raw += record.raw_bytes;
        sum.stored += record.stored_bytes;
        ++sum.segments;
    }
    return sums;
}

void AddRelations(const Home& home, const CatalogEntry& entry) {
    std::vector<std::string> schemas, names, kinds, rows, raw, stored, segments;
    for (const RelationSum& sum : SumRelations(*entry.manifest, *entry.toc)) {
        schemas.push_back(sum.schema);
        names.push_back(sum.name);
        kinds.push_back(sum.kind);
        rows.push_back(Number(sum.rows));
        raw.push_back(Number(sum.raw));
        stored.push_back(Number(sum.stored));
        segments.push_back(Number(sum.segments));
    }
    Execute(home.Sql("INSERT INTO @.backup_restore_point_relations (backup_id, store, schema, "
                     "relation, kind, rows, raw_bytes, stored_bytes, segments) SELECT $1, $2, r.* "
                     "FROM unnest($3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], "
                     "$8::bigint[], $9::bigint[]) r"),
            {entry.manifest->backup_id, entry.store, ArrayLiteral(schemas), ArrayLiteral(names),
             ArrayLiteral(kinds), ArrayLiteral(rows), ArrayLiteral(raw), ArrayLiteral(stored),
             ArrayLiteral(segments)});
}

[[noreturn]] void ThrowNoBackup(const Home& home, const std::string& id) {
    const Value list = QueryValue(home.Sql(
        "SELECT string_agg(backup_id, ', ') FROM (SELECT backup_id FROM "
        "@.backup_restore_points WHERE status <> 'deleted' ORDER BY taken_at DESC LIMIT 5) "
        "p"));
    throw Error(
        Errc::NotFound, "backup \"" + Printable(id) + "\" does not exist",
        list ? "The newest are: " + *list + "." : "The catalog knows no backup.",
        list ? "SELECT backup_id, database, taken_at FROM backup_catalog ORDER BY taken_at "
               "DESC;"
             : "SELECT backup_run(database => 'app'); or, to read a store's backups into the "
               "catalog: SELECT * FROM backup_import('main');");
}

Value NewestOf(const Home& home, const std::string& database, const std::string& status) {
    return QueryValue(home.Sql("SELECT backup_id FROM @.backup_restore_points WHERE database = $1 "
                               "AND status = $2 ORDER BY taken_at DESC, sequence DESC LIMIT 1"),
                      {database, status});
}

// A damaged backup is not nothing: it may be mended, and what is sound of it may be restored.
[[noreturn]] void ThrowNoneOf(const Home& home, const std::string& database) {
    const Value damaged = NewestOf(home, database, "damaged");
    if (damaged) {
        throw Error(Errc::NotFound, "database \"" + database + "\" has no sound backup",
                    "The newest, " + *damaged + ", is damaged.",
                    "See what is damaged, or that it is mended: SELECT * FROM backup_verify(" +
                        QuoteLiteral(*damaged) +
                        "); tables that are sound: SELECT backup_restore(" +
                        QuoteLiteral(*damaged) + ", tables => '{…}');");
    }
    throw Error(Errc::NotFound, "database \"" + database + "\" has no backup", "",
                "SELECT backup_run(database => " + QuoteLiteral(database) + ");");
}

constexpr const char* kPoints =
    "SELECT backup_id, store, database, key, signer_id, role_name, role_oid, status, encrypted, "
    "imported, pinned, sequence, sums, copied_from IS NOT NULL FROM @.backup_restore_points "
    "WHERE backup_id = $1 AND status <> 'deleted' ";
// The original before its copies.
constexpr const char* kPreferred = "imported, copied_from IS NOT NULL, store";

RestorePoint ToPoint(const Row& row) {
    return {*row[0],        *row[1],        *row[2],         row[3],
            row[4],         row[5],         ToOid(row[6]),   *row[7],
            IsTrue(row[8]), IsTrue(row[9]), IsTrue(row[10]), static_cast<uint64_t>(ToInt(row[11])),
            *row[12],       IsTrue(row[13])};
}

// `latest` and `latest:<database>` become an id.
std::string ResolveId(const Home& home, const std::string& id) {
    if (id != "latest" && !id.starts_with("latest:")) return id;
    const std::string database =
        id == "latest" ? DefaultDatabase(home, "Name it: 'latest:app'") : id.substr(7);
    const Value newest = NewestOf(home, database, "available");
    if (!newest) ThrowNoneOf(home, database);
    return *newest;
}

} // namespace

RestorePoint FindRestorePoint(const Home& home, const std::string& id, Copy copy) {
    const std::string wanted = ResolveId(home, id);
    const Rows rows =
        Query(home.Sql(std::string(kPoints) + "ORDER BY (status = 'damaged') <> $2::boolean, " +
                       kPreferred + " LIMIT 1"),
              {wanted, std::string(copy == Copy::kDamagedFirst ? "t" : "f")});
    if (rows.empty()) ThrowNoBackup(home, wanted);
    return ToPoint(rows[0]);
}

std::vector<RestorePoint> FindCopies(const Home& home, const RestorePoint& point) {
    std::vector<RestorePoint> copies = {point};
    for (const Row& row : Query(home.Sql(std::string(kPoints) +
                                         "AND store <> $2 AND sums = $3 ORDER BY status = "
                                         "'damaged', " +
                                         kPreferred),
                                {point.backup_id, point.store, point.sums})) {
        copies.push_back(ToPoint(row));
    }
    return copies;
}

RestorePoint FindCopyIn(const Home& home, const std::string& id, const std::string& store) {
    const std::string wanted = ResolveId(home, id);
    const Rows rows = Query(home.Sql(std::string(kPoints) + "AND store = $2"), {wanted, store});
    if (!rows.empty()) return ToPoint(rows[0]);
    const Value stores =
        QueryValue(home.Sql("SELECT string_agg(format('\"%s\"', store), ', ' ORDER BY store) FROM "
                            "@.backup_restore_points WHERE backup_id = $1 AND status <> 'deleted'"),
                   {wanted});
    if (!stores) ThrowNoBackup(home, wanted);
    throw Error(
        Errc::NotFound, "backup " + wanted + " has no copy in store \"" + Printable(store) + "\"",
        "It lies in " + *stores + ".",
        "SELECT * FROM backup_copy(" + QuoteLiteral(wanted) + ", " + QuoteLiteral(store) + ");");
}

void AddCopy(const Home& home, const RestorePoint& from, const std::string& store) {
    // What a deleted backup's row said of this store counts no more.
    Execute(home.Sql("DELETE FROM @.backup_restore_points WHERE backup_id = $1 AND store = $2 AND "
                     "status = 'deleted'"),
            {from.backup_id, store});
    const std::string kept =
        "run_id, database, database_oid, type, schedule, sequence, sums, taken_at, started_at, "
        "finished_at, lsn, timeline, system_identifier, server_version, tables, rows, raw_bytes, "
        "stored_bytes, total_stored_bytes, segments, encrypted, key, signer_id, key_ids, "
        "role_name, role_oid, pinned, pin_reason, pinned_by, imported";
    Execute(home.Sql("INSERT INTO @.backup_restore_points (backup_id, store, copied_from, " + kept +
                     ") SELECT backup_id, $2, store, " + kept +
                     " FROM @.backup_restore_points WHERE backup_id = $1 AND store = $3 AND "
                     "status <> 'deleted' ON CONFLICT (backup_id, store) DO NOTHING"),
            {from.backup_id, store, from.store});
    const Rows there =
        Query(home.Sql(std::string(kPoints) + "AND store = $2"), {from.backup_id, store});
    if (!there.empty()) return;
    throw Error(Errc::WrongState, "backup " + from.backup_id + " was deleted while it was copied",
                "The copy is complete in store \"" + store + "\", but in no catalog.",
                "SELECT * FROM backup_import(" + QuoteLiteral(store) + ");");
}

void AddRestorePoint(const Home& home, const CatalogEntry& entry) {
    const Manifest& m = *entry.manifest;
    AddRow(home, entry);
    if (entry.toc != nullptr) AddRelations(home, entry);
    if (!entry.in_chain) return;
    Execute(
        home.Sql("INSERT INTO @.backup_chains VALUES ($1, $2, $3::oid, $4::bigint, $5, $6) ON "
                 "CONFLICT (store, system_identifier, database_oid) DO UPDATE SET sequence = "
                 "excluded.sequence, backup_id = excluded.backup_id, sums = excluded.sums WHERE "
                 "excluded.sequence >= backup_chains.sequence"),
        {entry.store, m.cluster.system_identifier, Number(m.database.oid), Number(m.sequence),
         m.backup_id, entry.sums});
}

Value KeyOfRecipients(const Home& home, const Manifest& manifest) {
    if (!manifest.encrypted || manifest.recipients.empty()) return std::nullopt;
    std::vector<std::string> recipients;
    for (const Sha256Digest& recipient : manifest.recipients)
        recipients.push_back(ToHex(recipient));
    const std::vector<std::string> names =
        Column(Query(home.Sql("SELECT name FROM @.backup_keys WHERE fingerprints @> $1::text[] AND "
                              "fingerprints <@ $1::text[]"),
                     {ArrayLiteral(recipients)}));
    return names.size() == 1 ? Value(names[0]) : Value();
}

void RecordVerified(const Home& home, const RestorePoint& point, VerifyLevel level,
                    const VerifyReport& report) {
    const std::string name(VerifyLevelName(level));
    if (report.ok()) {
        // What a thorough verification has found a lesser one does not take back.
        Execute(
            home.Sql(
                "WITH levels (l) AS (VALUES ('{present,checksum,content,restore}'::"
                "text[])), this (less) AS (SELECT array_position(l, verified_level) > "
                "array_position(l, $3) FROM levels, @.backup_restore_points WHERE backup_id = "
                "$1 AND store = $2) UPDATE @.backup_restore_points SET verified_level = CASE "
                "WHEN less THEN verified_level ELSE $3 END, verified_at = CASE WHEN less THEN "
                "verified_at ELSE clock_timestamp() END, status = CASE WHEN status = 'damaged' AND "
                "array_position(l, $3) >= array_position(l, coalesce(damaged_level, "
                "'content')) THEN 'available' ELSE status END FROM levels, this WHERE backup_id "
                "= $1 AND store = $2 AND status <> 'deleted'"),
            {point.backup_id, point.store, name});
    } else {
        Execute(
            home.Sql("UPDATE @.backup_restore_points SET status = 'damaged', damaged_level = $3, "
                     "verified_level = NULL, verified_at = NULL WHERE backup_id = $1 AND store = "
                     "$2 AND status <> 'deleted'"),
            {point.backup_id, point.store, name});
    }
}

std::string SumsDigest(Store& store, const std::string& backup_id) {
    const std::string sums = store.Read(BackupFile(backup_id, kSumsFile), kMaxManifestBytes);
    return ToHex(Sha256Of(AsBytes(sums)));
}

} // namespace lifeboat::pg
