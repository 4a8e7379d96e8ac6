#include "pg/scan/large_objects.h"

#include "pg/bridge/guards.h"
#include "pg/bridge/query.h"
#include "pg/run/run_interrupt.h"
#include "pg/scan/sql_text.h"

extern "C" {
#include <access/genam.h>
#include <access/htup_details.h>
#include <access/table.h>
#include <catalog/indexing.h>
#include <catalog/pg_largeobject.h>
#include <storage/bufmgr.h>
#include <storage/large_object.h>
#include <utils/acl.h>
#include <utils/fmgroids.h>
#include <utils/rel.h>
#include <utils/snapmgr.h>
}

namespace lifeboat::pg {
namespace {

constexpr uint64_t kMaxPerRange = 10000;
constexpr size_t kPutBytes = 64 * 1024; // raw, a statement
constexpr size_t kPagesPerBatch = 256;

struct Properties {
    std::string owner;
    std::vector<std::string> statements; // after the content
};
using PropertyMap = std::map<Oid, Properties>;

Oid ToOid(const Value& value) { return static_cast<Oid>(std::stoul(value.value_or("0"))); }

std::string Target(Oid oid) { return "LARGE OBJECT " + std::to_string(oid); }

std::vector<Value> Bounds(LargeObjectRange range) {
    return {std::to_string(range.first), std::to_string(range.last)};
}

void ReadOwners(LargeObjectRange range, PropertyMap& properties) {
    const Rows rows = Query(
        "SELECT oid, pg_get_userbyid(lomowner), lomacl IS NOT NULL, obj_description(oid, "
        "'pg_largeobject')"
        " FROM pg_largeobject_metadata WHERE oid >= $1::oid AND oid <= $2::oid ORDER BY oid",
        Bounds(range), true);
    for (const Row& row : rows) {
        const Oid oid = ToOid(row[0]);
        Properties& one = properties[oid];
        one.owner = row[1].value_or("");
        one.statements.push_back("ALTER " + Target(oid) + " OWNER TO " + LineIdentifier(one.owner));
        if (row[2] == "t")
            one.statements.push_back("REVOKE ALL ON " + Target(oid) + " FROM " +
                                     LineIdentifier(one.owner));
        if (row[3])
            one.statements.push_back("COMMENT ON " + Target(oid) + " IS " + LineLiteral(*row[3]));
    }
}

void ReadGrants(LargeObjectRange range, PropertyMap& properties) {
    const Rows rows = Query(
        "SELECT m.oid, pg_get_userbyid(a.grantor), CASE WHEN a.grantee <> 0 THEN "
        "pg_get_userbyid(a.grantee) END,"
        " string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), a.is_grantable"
        " FROM pg_largeobject_metadata m, ROWS FROM (aclexplode(m.lomacl)) WITH ORDINALITY"
        " AS a(grantor, grantee, privilege_type, is_grantable, n) WHERE m.oid >= $1::oid AND m.oid "
        "<= $2::oid"
        " GROUP BY m.oid, m.lomowner, a.grantor, a.grantee, a.is_grantable"
        " ORDER BY m.oid, a.grantor <> m.lomowner, min(a.n)",
        Bounds(range), true);
    for (const Row& row : rows) {
        const Oid oid = ToOid(row[0]);
        Properties& one = properties.at(oid);
        const Grant grant{row[1].value_or(""), row[2], row[3].value_or(""), row[4] == "t"};
        for (std::string& statement : GrantStatements(grant, Target(oid), one.owner)) {
            one.statements.push_back(std::move(statement));
        }
    }
}

void ReadLabels(LargeObjectRange range, PropertyMap& properties) {
    const Rows rows = Query(
        "SELECT objoid, provider, label FROM pg_seclabel WHERE classoid = "
        "'pg_largeobject'::regclass"
        " AND objoid >= $1::oid AND objoid <= $2::oid ORDER BY objoid, provider",
        Bounds(range), true);
    for (const Row& row : rows) {
        const auto found = properties.find(ToOid(row[0]));
        if (found == properties.end()) continue;
        found->second.statements.push_back(
            "SECURITY LABEL FOR " + LineIdentifier(row[1].value_or("")) + " ON " +
            Target(found->first) + " IS " + LineLiteral(row[2].value_or("")));
    }
}

// The pages of pg_largeobject in (loid, pageno) order, under the active snapshot.
class PageScan {
public:
    explicit PageScan(LargeObjectRange range) {
        Pg([this, range] {
            relation_ = table_open(LargeObjectRelationId, AccessShareLock);
            index_ = index_open(LargeObjectLOidPNIndexId, AccessShareLock);
            ScanKeyInit(&keys_[0], Anum_pg_largeobject_loid, BTGreaterEqualStrategyNumber, F_OIDGE,
                        ObjectIdGetDatum(range.first));
            ScanKeyInit(&keys_[1], Anum_pg_largeobject_loid, BTLessEqualStrategyNumber, F_OIDLE,
                        ObjectIdGetDatum(range.last));
            scan_ = systable_beginscan_ordered(relation_, index_, GetActiveSnapshot(), 2, keys_);
        });
    }

    // Inside Pg(). The page's data is palloc'd or lies in a buffer until the next call.
    struct Page {
        Oid oid;
        int32 number;
        const char* data;
        size_t length;
        void* owned;
    };
    bool Next(Page* page) {
        HeapTuple tuple = systable_getnext_ordered(scan_, ForwardScanDirection);
        if (!HeapTupleIsValid(tuple)) return false;
        auto* form = reinterpret_cast<Form_pg_largeobject>(GETSTRUCT(tuple));
        struct varlena* data = PG_DETOAST_DATUM_PACKED(PointerGetDatum(&form->data));
        *page = {form->loid, form->pageno, VARDATA_ANY(data),
                 static_cast<size_t>(VARSIZE_ANY_EXHDR(data)),
                 data == &form->data ? nullptr : data};
        return true;
    }

    void Close() {
        Pg([this] {
            systable_endscan_ordered(scan_);
            index_close(index_, AccessShareLock);
            table_close(relation_, AccessShareLock);
        });
    }

private:
    Relation relation_ = nullptr;
    Relation index_ = nullptr;
    SysScanDesc scan_ = nullptr;
    ScanKeyData keys_[2] = {};
};

// Turns pages into statements; large objects without pages are created in between.
class Writer {
public:
    Writer(SqlObject& object, const PropertyMap& properties)
        : object_(object), next_(properties.begin()), end_(properties.end()) {}

    void Page(const PageScan::Page& page) {
        if (oid_ != page.oid && !Enter(page.oid)) return;
        const uint64_t offset = static_cast<uint64_t>(page.number) * LOBLKSIZE;
        if (offset != start_ + pending_.size() || pending_.size() + page.length > kPutBytes) Put();
        if (pending_.empty()) start_ = offset;
        pending_.append(page.data, page.length);
    }

    void Finish() {
        Leave();
        for (; next_ != end_; ++next_) CreateAndClose(*next_);
    }

private:
    using Entry = PropertyMap::value_type;

    // False for pages of an object that the snapshot does not know (its metadata is gone).
    bool Enter(Oid oid) {
        if (next_ == end_ && current_ == nullptr) return false;
        Leave();
        for (; next_ != end_ && next_->first < oid; ++next_) CreateAndClose(*next_);
        if (next_ == end_ || next_->first != oid) return false;
        current_ = &*next_++;
        oid_ = oid;
        Create(oid);
        return true;
    }

    void Leave() {
        if (current_ == nullptr) return;
        Put();
        for (const std::string& statement : current_->second.statements)
            object_.Statement(statement);
        current_ = nullptr;
        oid_ = InvalidOid;
    }

    void Create(Oid oid) {
        object_.Statement("SELECT pg_catalog.lo_create(" + std::to_string(oid) + ")");
    }

    void CreateAndClose(const Entry& entry) {
        Create(entry.first);
        for (const std::string& statement : entry.second.statements) object_.Statement(statement);
    }

    void Put() {
        if (pending_.empty()) return;
        object_.Statement("SELECT pg_catalog.lo_put(" + std::to_string(oid_) + ", " +
                          std::to_string(start_) + ", '\\x" + ToHex(AsBytes(pending_)) + "')");
        pending_.clear();
    }

    SqlObject& object_;
    PropertyMap::const_iterator next_;
    PropertyMap::const_iterator end_;
    const Entry* current_ = nullptr;
    Oid oid_ = InvalidOid;
    uint64_t start_ = 0;
    std::string pending_;
};

uint64_t LargeObjectBytes() {
    return Pg([] {
        Relation relation = table_open(LargeObjectRelationId, AccessShareLock);
        const uint64_t bytes = static_cast<uint64_t>(RelationGetNumberOfBlocks(relation)) * BLCKSZ;
        table_close(relation, AccessShareLock);
        return bytes;
    });
}

bool MayRead(Oid oid) {
    return Pg([oid] {
        return pg_largeobject_aclcheck_snapshot(oid, GetUserId(), ACL_SELECT,
                                                GetActiveSnapshot()) == ACLCHECK_OK;
    });
}

// Who may read the catalog table may read all of them (pg_read_all_data); others are asked one by
// one.
void CheckReadable(const std::string& role) {
    if (lo_compat_privileges ||
        QueryValue("SELECT has_table_privilege('pg_catalog.pg_largeobject', 'SELECT')", {}, true) ==
            "t") {
        return;
    }
    std::string refused;
    int count = 0;
    for (const Row& row : Query("SELECT oid FROM pg_largeobject_metadata ORDER BY oid", {}, true)) {
        if (MayRead(ToOid(row[0]))) continue;
        if (++count <= 5) refused += (refused.empty() ? "" : ", ") + row[0].value_or("");
    }
    if (count == 0) return;
    throw Error(Errc::Permission,
                "role \"" + role + "\" may not read " + std::to_string(count) + " large object" +
                    (count == 1 ? "" : "s") + ": " + refused + (count > 5 ? ", …" : ""),
                "A backup acts as the role that owns its schedule, and needs SELECT on everything "
                "it stores.",
                "GRANT pg_read_all_data TO " + QuoteIdent(role) +
                    "; or GRANT SELECT ON LARGE OBJECT … TO " + QuoteIdent(role) + ";");
}

void ScanPages(PageScan& scan, Writer& writer, Interrupt& interrupt) {
    for (bool ended = false; !ended;) {
        interrupt.Check();
        const HoldInterrupts hold;
        for (size_t pages = 0; !ended && pages < kPagesPerBatch; ++pages) {
            PageScan::Page page{};
            ended = Pg([&] { return !scan.Next(&page); });
            if (ended) break;
            writer.Page(page);
            if (page.owned != nullptr) pfree(page.owned);
        }
    }
}

} // namespace

LargeObjectPlan PlanLargeObjects(uint64_t segment_bytes, const std::string& role) {
    LargeObjectPlan plan;
    const uint64_t count = std::stoull(
        QueryValue("SELECT count(*) FROM pg_largeobject_metadata", {}, true).value_or("0"));
    if (count == 0) return plan;
    CheckReadable(role);
    plan.bytes = LargeObjectBytes();
    const uint64_t wanted = plan.bytes / std::max<uint64_t>(segment_bytes, 1) + 1;
    const uint64_t each = std::clamp<uint64_t>((count + wanted - 1) / wanted, 1, kMaxPerRange);
    const Rows rows = Query(
        "SELECT oid FROM (SELECT oid, row_number() OVER (ORDER BY oid) - 1 AS n FROM "
        "pg_largeobject_metadata) m"
        " WHERE n % $1::bigint = 0 ORDER BY oid",
        {std::to_string(each)}, true);
    for (size_t i = 0; i < rows.size(); ++i) {
        const Oid last =
            i + 1 < rows.size() ? ToOid(rows[i + 1][0]) - 1 : static_cast<Oid>(UINT32_MAX);
        plan.ranges.push_back({ToOid(rows[i][0]), last});
    }
    return plan;
}

std::vector<ObjectRecord> StreamLargeObjects(const ObjectContext& context, LargeObjectRange range,
                                             JobProgress& progress, Interrupt& interrupt) {
    PropertyMap properties;
    ReadOwners(range, properties);
    ReadGrants(range, properties);
    ReadLabels(range, properties);
    SqlObject object(context, ObjectKind::kLargeObjects);
    Writer writer(object, properties);
    const MemoryScope memory("lifeboat large objects");
    PageScan scan(range);
    DoAndClose([&] { ScanPages(scan, writer, interrupt); }, [&scan] { scan.Close(); });
    writer.Finish();
    progress.Finish();
    return object.Finish();
}

} // namespace lifeboat::pg
