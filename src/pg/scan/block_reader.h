// The blocks of a range of a heap, read one after the other into a scan's current buffer.
//
// From 17 on through a read stream, which reads several blocks at once and ahead. Before that block
// by block: the kernel sees the sequence and reads ahead by itself; PostgreSQL's own comments
// (storage/read_stream.h, READ_STREAM_SEQUENTIAL) and its sequential scans prefer that to advice.
//
// Raises: called inside Pg().
#pragma once

#include "core/format/object.h"
#include "pg/postgres.h"

extern "C" {
#include <access/heapam.h>
#if PG_VERSION_NUM >= 170000
#include <storage/read_stream.h>
#endif
}

namespace lifeboat::pg {

class BlockReader {
public:
    void Open(HeapScanDesc scan, BlockRange blocks);
    // Pins the next block, and decides which of its rows are visible; false after the last.
    bool Next(HeapScanDesc scan);
    void Close();

private:
    BlockNumber next_ = 0;
    BlockNumber end_ = 0;
#if PG_VERSION_NUM >= 170000
    static BlockNumber NextBlock(ReadStream* stream, void* reader, void* per_buffer);
    ReadStream* stream_ = nullptr;
#endif
};

} // namespace lifeboat::pg
