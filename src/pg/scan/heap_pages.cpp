#include "pg/scan/heap_pages.h"

extern "C" {
#include <access/tableam.h>
#include <utils/snapmgr.h>
}

namespace lifeboat::pg {

namespace {

// One ring of buffers for all scans of this process: a ring for each would take new buffers each
// time. It lives as long as the process.
BufferAccessStrategy Ring() {
    static BufferAccessStrategy ring = nullptr;
    if (ring == nullptr) {
        const MemoryContext before = MemoryContextSwitchTo(TopMemoryContext);
        ring = GetAccessStrategy(BAS_BULKREAD);
        MemoryContextSwitchTo(before);
    }
    return ring;
}

} // namespace

void HeapPages::Open(Relation relation, BlockRange blocks) {
    TableScanDesc scan =
        table_beginscan_strat(relation, GetActiveSnapshot(), 0, nullptr, true, false);
    heap_ = reinterpret_cast<HeapScanDesc>(scan);
    if (heap_->rs_strategy != nullptr) FreeAccessStrategy(heap_->rs_strategy);
    heap_->rs_strategy = Ring();
    row_.t_tableOid = RelationGetRelid(relation);
    reader_.Open(heap_, blocks);
}

bool HeapPages::Next() { return reader_.Next(heap_); }

void HeapPages::Close() {
    reader_.Close();
    heap_->rs_strategy = nullptr; // stays
    table_endscan(&heap_->rs_base);
}

} // namespace lifeboat::pg
