// The visible rows of a range of a heap's blocks, page by page: each page is pinned once, its rows'
// visibility decided once under one lock, and its tuples read in place.
//
// Raises: everything here is called inside Pg(). Without Close() the transaction's abort gives
// everything back.
#pragma once

#include "core/format/object.h"
#include "pg/scan/block_reader.h"

extern "C" {
#include <access/heapam.h>
#include <access/relscan.h>
#include <storage/bufmgr.h>
#include <utils/rel.h>
}

namespace lifeboat::pg {

class HeapPages {
public:
    // Under the active snapshot. The ring of buffers a large sequential scan uses, however small
    // the range: a backup must not push others' pages out of the cache.
    void Open(Relation relation, BlockRange blocks);
    // The next page, with or without rows; false after the last.
    bool Next();
    void Close();

    [[nodiscard]] BlockNumber block() const noexcept { return heap_->rs_cblock; }
    [[nodiscard]] int rows() const noexcept { return static_cast<int>(heap_->rs_ntuples); }
    // In the page itself: valid until Next() or Close().
    HeapTupleData* Row(int index) {
        const Page page = BufferGetPage(heap_->rs_cbuf);
        const ItemId item = PageGetItemId(page, heap_->rs_vistuples[index]);
        row_.t_data = reinterpret_cast<HeapTupleHeader>(PageGetItem(page, item));
        row_.t_len = ItemIdGetLength(item);
        ItemPointerSet(&row_.t_self, heap_->rs_cblock, heap_->rs_vistuples[index]);
        return &row_;
    }

private:
    HeapScanDesc heap_ = nullptr;
    HeapTupleData row_ = {};
    BlockReader reader_;
};

} // namespace lifeboat::pg
