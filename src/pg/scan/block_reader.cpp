#include "pg/scan/block_reader.h"

extern "C" {
#include <storage/bufmgr.h>
}

namespace lifeboat::pg {

#if PG_VERSION_NUM >= 170000

BlockNumber BlockReader::NextBlock(ReadStream* /*stream*/, void* reader, void* /*per_buffer*/) {
    auto* self = static_cast<BlockReader*>(reader);
    return self->next_ < self->end_ ? self->next_++ : InvalidBlockNumber;
}

void BlockReader::Open(HeapScanDesc scan, BlockRange blocks) {
    next_ = blocks.first;
    end_ = blocks.end;
    stream_ =
        read_stream_begin_relation(READ_STREAM_SEQUENTIAL | READ_STREAM_FULL, scan->rs_strategy,
                                   scan->rs_base.rs_rd, MAIN_FORKNUM, NextBlock, this, 0);
}

bool BlockReader::Next(HeapScanDesc scan) {
    if (BufferIsValid(scan->rs_cbuf)) ReleaseBuffer(scan->rs_cbuf);
    scan->rs_cbuf = read_stream_next_buffer(stream_, nullptr);
    if (!BufferIsValid(scan->rs_cbuf)) return false;
    scan->rs_cblock = BufferGetBlockNumber(scan->rs_cbuf);
    heap_prepare_pagescan(&scan->rs_base);
    return true;
}

void BlockReader::Close() { read_stream_end(stream_); }

#else

void BlockReader::Open(HeapScanDesc /*scan*/, BlockRange blocks) {
    next_ = blocks.first;
    end_ = blocks.end;
}

bool BlockReader::Next(HeapScanDesc scan) {
    if (next_ == end_) return false;
    heapgetpage(&scan->rs_base, next_++);
    return true;
}

void BlockReader::Close() {}

#endif

} // namespace lifeboat::pg
