#include "pg/leader/sequences.h"

#include "pg/bridge/query.h"
#include "pg/run/run_interrupt.h"
#include "pg/scan/sql_text.h"

namespace lifeboat::pg {
namespace {

constexpr size_t kBatch = 100;

std::string BatchQuery(std::span<const Sequence> batch) {
    std::string sql;
    for (size_t i = 0; i < batch.size(); ++i) {
        sql += (i == 0 ? "" : " UNION ALL ");
        sql += "SELECT " + std::to_string(i) + ", last_value, is_called FROM " +
               QualifiedName(batch[i].schema, batch[i].name);
    }
    return sql + " ORDER BY 1";
}

} // namespace

std::vector<ObjectRecord> StreamSequences(const ObjectContext& context,
                                          const std::vector<Sequence>& sequences,
                                          Interrupt& interrupt) {
    SqlObject object(context, ObjectKind::kSequences);
    const std::span<const Sequence> all(sequences);
    for (size_t first = 0; first < all.size(); first += kBatch) {
        interrupt.Check();
        const HoldInterrupts hold;
        const auto batch = all.subspan(first, std::min(kBatch, all.size() - first));
        const Rows rows = Query(BatchQuery(batch), {}, true);
        for (size_t i = 0; i < rows.size(); ++i) {
            const std::string name = QualifiedName(batch[i].schema, batch[i].name);
            object.Statement("SELECT pg_catalog.setval(" + LineLiteral(name) + ", " +
                             rows[i][1].value_or("1") + ", " +
                             (rows[i][2] == "t" ? "true" : "false") + ")");
        }
    }
    return object.Finish();
}

} // namespace lifeboat::pg
