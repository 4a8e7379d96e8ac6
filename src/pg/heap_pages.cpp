#include "pg/heap_pages.h"

extern "C" {
#include <access/tableam.h>
#include <utils/snapmgr.h>
}

namespace lifeboat::pg {

void HeapPages::Open(Relation relation, BlockRange blocks) {
    TableScanDesc scan =
        table_beginscan_strat(relation, GetActiveSnapshot(), 0, nullptr, true, false);
    heap_ = reinterpret_cast<HeapScanDesc>(scan);
    if (heap_->rs_strategy == nullptr) heap_->rs_strategy = GetAccessStrategy(BAS_BULKREAD);
    row_.t_tableOid = RelationGetRelid(relation);
    reader_.Open(heap_, blocks);
}

bool HeapPages::Next() { return reader_.Next(heap_); }

void HeapPages::Close() {
    reader_.Close();
    table_endscan(&heap_->rs_base);
}

} // namespace lifeboat::pg
