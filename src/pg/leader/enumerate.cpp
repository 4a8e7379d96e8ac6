#include "pg/leader/enumerate.h"

#include <set>

#include "core/plan/restore_plan.h"
#include "pg/bridge/query.h"
#include "pg/scan/heap_scan.h"

extern "C" {
#include <access/relation.h>
#include <catalog/pg_am_d.h>
#include <storage/bufmgr.h>
#include <utils/rel.h>
#include <utils/rls.h>
}

namespace lifeboat::pg {
namespace {

constexpr const char* kRelations = R"(
WITH unsafe AS MATERIALIZED (
    SELECT p.partrelid FROM pg_partitioned_table p
    WHERE p.partstrat = 'h' AND EXISTS (
        SELECT FROM pg_opclass o JOIN pg_am a ON a.oid = o.opcmethod
        WHERE o.oid = ANY (p.partclass) AND o.opcname = 'enum_ops' AND a.amname = 'hash'
          AND o.opcnamespace = 'pg_catalog'::regnamespace)
), config AS MATERIALIZED (
    SELECT c.relation, c.condition
    FROM pg_extension e, unnest(e.extconfig, e.extcondition) AS c(relation, condition)
    WHERE e.oid >= 16384
), member AS MATERIALIZED (
    SELECT objid FROM pg_depend
    WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_extension'::regclass
      AND deptype = 'e'
), owned AS MATERIALIZED (
    SELECT objid, min(refobjid) AS owner FROM pg_depend
    WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass
      AND deptype IN ('a', 'i') AND refobjsubid > 0
    GROUP BY objid
)
SELECT c.oid, n.nspname, c.relname, c.relkind, c.relfilenode, c.relam,
    has_table_privilege(c.oid, 'SELECT'),
    (SELECT string_agg(a.attnum || ' ' || a.atttypid || ' ' || (a.attgenerated <> ''), ','
                       ORDER BY a.attnum)
     FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    m.objid IS NOT NULL, x.relation IS NOT NULL, x.condition,
    CASE WHEN c.relispartition AND EXISTS (
        SELECT FROM pg_partition_ancestors(c.oid) p(relid)
        WHERE p.relid IN (SELECT partrelid FROM unsafe))
    THEN pg_partition_root(c.oid)::oid END,
    CASE WHEN c.relispartition
    THEN (SELECT string_agg(p.relid::oid::text, ' ') FROM pg_partition_ancestors(c.oid) p(relid))
    ELSE o.owner::text END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN config x ON x.relation = c.oid
    LEFT JOIN member m ON m.objid = c.oid
    LEFT JOIN owned o ON o.objid = c.oid AND c.relkind = 'S'
WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't'
  AND (n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' OR x.relation IS NOT NULL)
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C")";

// Types whose output function, or that of a type inside, is not parallel safe.
constexpr const char* kUnsafeTypes = R"(
WITH RECURSIVE inside(inner_type, outer_type) AS MATERIALIZED (
    SELECT typelem, oid FROM pg_type WHERE typelem <> 0 AND typoutput = 'array_out'::regproc
    UNION ALL SELECT typbasetype, oid FROM pg_type WHERE typbasetype <> 0
    UNION ALL SELECT rngsubtype, unnest(ARRAY[rngtypid, rngmultitypid]) FROM pg_range
    UNION ALL SELECT a.atttypid, c.reltype FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.reltype <> 0 AND a.attnum > 0 AND NOT a.attisdropped
), unsafe(oid) AS (
    SELECT t.oid FROM pg_type t JOIN pg_proc p ON p.oid = t.typoutput
    WHERE p.proparallel <> 's' AND t.typtype <> 'p'
    UNION
    SELECT i.outer_type FROM unsafe u JOIN inside i ON i.inner_type = u.oid
)
SELECT oid FROM unsafe)";

struct Described {
    Oid oid = InvalidOid;
    std::string schema, name;
    char kind = 'r';
    Oid filenode = InvalidOid;
    bool readable = false;
    std::string columns; // "attnum type generated,…" as the snapshot sees it
    bool member = false;
    bool config = false;
    std::string condition;
    Oid root = InvalidOid;
    std::vector<Oid> kin; // partition ancestors, or the table that owns the sequence
};

Oid ToOid(const Value& value) { return value ? static_cast<Oid>(std::stoul(*value)) : InvalidOid; }
bool IsTrue(const Value& value) { return value && *value == "t"; }

std::vector<Oid> ToOids(const Value& value) {
    std::vector<Oid> oids;
    for (size_t at = 0; value && at < value->size();) {
        const size_t end = std::min(value->find(' ', at), value->size());
        oids.push_back(static_cast<Oid>(std::stoul(value->substr(at, end - at))));
        at = end + 1;
    }
    return oids;
}

std::vector<Described> ReadRelations() {
    std::vector<Described> relations;
    for (const Row& row : Query(kRelations, {}, true)) {
        relations.push_back({ToOid(row[0]), row[1].value_or(""), row[2].value_or(""),
                             row[3].value_or("r")[0], ToOid(row[4]), IsTrue(row[6]),
                             row[7].value_or(""), IsTrue(row[8]), IsTrue(row[9]),
                             row[10].value_or(""), ToOid(row[11]), ToOids(row[12])});
    }
    return relations;
}

// include_tables, exclude_tables, exclude_table_data: which relations' data is taken. A pattern for
// a partitioned table is one for its partitions, one for a table is one for its sequences.
class DataFilter {
public:
    DataFilter(const LeaderRequest& request, const std::vector<Described>& relations)
        : all_(request.include_tables.empty()) {
        if (request.schema_only) {
            all_ = false;
            return;
        }
        included_ = Matching(request.include_tables, relations, true);
        excluded_ = Matching(request.exclude_tables, relations, false);
        excluded_.merge(Matching(request.exclude_table_data, relations, false));
    }

    [[nodiscard]] bool Takes(const Described& relation) const {
        return (all_ || Has(included_, relation)) && !Has(excluded_, relation);
    }

private:
    static bool Has(const std::set<Oid>& set, const Described& relation) {
        return set.contains(relation.oid) ||
               std::any_of(relation.kin.begin(), relation.kin.end(),
                           [&set](Oid oid) { return set.contains(oid); });
    }

    static std::set<Oid> Matching(const std::vector<std::string>& patterns,
                                  const std::vector<Described>& relations, bool required) {
        std::set<Oid> matching;
        for (const std::string& text : patterns) {
            const TablePattern pattern = TablePattern::Parse(text);
            const size_t before = matching.size();
            bool any = false;
            for (const Described& relation : relations) {
                if (!pattern.Matches(relation.schema, relation.name)) continue;
                matching.insert(relation.oid);
                any = true;
            }
            if (required && !any && matching.size() == before) {
                throw Error(Errc::NotFound, "no table matches \"" + text + "\"",
                            "A pattern of include_tables must match at least one table or sequence "
                            "of the database.");
            }
        }
        return matching;
    }

    bool all_;
    std::set<Oid> included_, excluded_;
};

void CheckReadable(const Described& relation, const std::string& role) {
    if (relation.readable) return;
    const char* kind = relation.kind == RELKIND_SEQUENCE ? "sequence " : "table ";
    const std::string name = QualifiedName(relation.schema, relation.name);
    throw Error(Errc::Permission, "role \"" + role + "\" may not read " + kind + name,
                "A backup acts as the role that owns its schedule, and needs SELECT on everything "
                "it stores.",
                std::string("GRANT SELECT ON ") +
                    (relation.kind == RELKIND_SEQUENCE ? "SEQUENCE " : "TABLE ") + name + " TO " +
                    QuoteIdent(role) + "; or GRANT pg_read_all_data TO " + QuoteIdent(role) + ";");
}

struct Opened {
    Oid filenode;
    bool heap;
    RelationSize size;
};

BlockNumber ToastBlocks(Relation relation) {
    const Oid oid = relation->rd_rel->reltoastrelid;
    Relation toast = OidIsValid(oid) ? try_relation_open(oid, AccessShareLock) : nullptr;
    if (toast == nullptr) return 0;
    const BlockNumber blocks = RelationGetNumberOfBlocks(toast);
    relation_close(toast, AccessShareLock);
    return blocks;
}

// The relation as it is now, under our lock: its file, its size and, in the form of kRelations, its
// columns.
Opened Look(const Described& described, Table& table, std::string& columns,
            const std::set<Oid>& unsafe_types) {
    return Pg([&]() -> Opened {
        Relation relation = relation_open(described.oid, NoLock);
        // Row security that would hide rows raises here; row_security is off.
        (void)check_enable_rls(described.oid, InvalidOid, false);
        TupleDesc descriptor = RelationGetDescr(relation);
        for (int i = 0; i < descriptor->natts; ++i) {
            Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
            if (attribute->attisdropped) continue;
            if (!columns.empty()) columns += ',';
            columns += std::to_string(attribute->attnum) + ' ' +
                       std::to_string(attribute->atttypid) + ' ' +
                       (attribute->attgenerated != '\0' ? "true" : "false");
            if (attribute->attgenerated != '\0') continue;
            table.columns.emplace_back(NameStr(attribute->attname));
            if (unsafe_types.contains(attribute->atttypid)) table.parallel_safe = false;
        }
        Opened opened{};
        opened.filenode = relation->rd_rel->relfilenode;
        opened.heap = relation->rd_rel->relam == HEAP_TABLE_AM_OID;
        opened.size = {RelationGetNumberOfBlocks(relation), 0, BLCKSZ};
        opened.size.toast_bytes = static_cast<uint64_t>(ToastBlocks(relation)) * BLCKSZ;
        relation_close(relation, NoLock);
        return opened;
    });
}

Table MakeTable(const Described& described, const std::set<Oid>& unsafe_types) {
    Table table;
    table.oid = described.oid;
    table.schema = described.schema;
    table.name = described.name;
    table.relkind = described.kind;
    std::string columns;
    const Opened opened = Look(described, table, columns, unsafe_types);
    if (opened.filenode != described.filenode || columns != described.columns) {
        throw StartOver(Error::WithSqlState(
            "40001",
            "table " + QualifiedName(described.schema, described.name) +
                " was changed while the backup began",
            "It was rewritten or altered after it was locked and before the snapshot was taken."));
    }
    table.heap = opened.heap;
    table.size = opened.size;
    return table;
}

// A table that the snapshot sees and that is not locked was made in between.
void CheckLocked(const std::vector<Described>& relations, const std::vector<Oid>& locked) {
    for (const Described& relation : relations) {
        if (std::binary_search(locked.begin(), locked.end(), relation.oid)) continue;
        throw StartOver(Error::WithSqlState(
            "40001", "relation " + QualifiedName(relation.schema, relation.name) +
                         " was created while the backup began"));
    }
}

std::set<Oid> UnsafeTypes() {
    std::set<Oid> types;
    for (const Row& row : Query(kUnsafeTypes, {}, true)) types.insert(ToOid(row[0]));
    return types;
}

// Extension configuration tables have their constraints already when they are loaded: a table comes
// after those it references.
void SortByReference(std::vector<ConfigTable>& config) {
    if (config.size() < 2) return;
    std::multimap<Oid, Oid> references;
    for (const Row& row : Query("SELECT conrelid, confrelid FROM pg_constraint WHERE contype = 'f' "
                                "AND conrelid <> confrelid",
                                {}, true)) {
        references.emplace(ToOid(row[0]), ToOid(row[1]));
    }
    std::vector<ConfigTable> sorted;
    while (!config.empty()) {
        const auto waits = [&](const ConfigTable& one) {
            const auto [begin, end] = references.equal_range(one.table.oid);
            return std::any_of(begin, end, [&config](const auto& reference) {
                return std::any_of(config.begin(), config.end(),
                                   [&reference](const ConfigTable& other) {
                                       return other.table.oid == reference.second;
                                   });
            });
        };
        auto next = std::find_if_not(config.begin(), config.end(), waits);
        if (next == config.end()) next = config.begin(); // a cycle: no order is right
        sorted.push_back(std::move(*next));
        config.erase(next);
    }
    config = std::move(sorted);
}

} // namespace

uint64_t Table::bytes() const noexcept {
    return static_cast<uint64_t>(size.heap_blocks) * size.block_size + size.toast_bytes;
}

Contents DescribeRelations(const LeaderRequest& request, const std::vector<Oid>& locked,
                           Interrupt& interrupt) {
    const std::vector<Described> relations = ReadRelations();
    CheckLocked(relations, locked);
    const DataFilter filter(request, relations);
    const std::set<Oid> unsafe_types = UnsafeTypes();
    std::map<Oid, const Described*> by_oid;
    for (const Described& relation : relations) by_oid.emplace(relation.oid, &relation);

    Contents contents;
    size_t opened = 0;
    for (const Described& relation : relations) {
        interrupt.Check();
        if (relation.member && !relation.config) continue; // comes with its extension
        // pg_dump locks every table it describes, which takes the same right.
        if (relation.kind != RELKIND_SEQUENCE || filter.Takes(relation))
            CheckReadable(relation, request.role_name);
        if (relation.kind == RELKIND_PARTITIONED_TABLE || !filter.Takes(relation)) continue;
        if (relation.kind == RELKIND_SEQUENCE) {
            contents.sequences.push_back({relation.oid, relation.schema, relation.name});
            continue;
        }
        LimitRelationCache(++opened);
        Table table = MakeTable(relation, unsafe_types);
        if (relation.root != InvalidOid) {
            table.root_schema = by_oid.at(relation.root)->schema;
            table.root_name = by_oid.at(relation.root)->name;
        }
        if (relation.config) {
            contents.config.push_back({std::move(table), relation.condition});
        } else {
            contents.tables.push_back(std::move(table));
        }
    }
    SortByReference(contents.config);
    return contents;
}

} // namespace lifeboat::pg
