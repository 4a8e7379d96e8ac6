#include "pg/heap_scan.h"

#include "pg/row_format.h"
#include "pg/run_interrupt.h"

extern "C" {
#include <access/heapam.h>
#include <access/table.h>
#include <access/tableam.h>
#include <executor/spi.h>
#include <executor/tuptable.h>
#include <utils/rel.h>
#include <utils/snapmgr.h>
}

namespace lifeboat::pg {
namespace {

constexpr uint64_t kBatchBytes = 256 * 1024;
constexpr int kBatchRows = 10000;
constexpr long kFetchRows = 200;

// The relation opened for a scan. Without Close() the transaction's abort gives everything back.
struct Scan {
    Relation relation = nullptr;
    TableScanDesc scan = nullptr;
    TupleTableSlot* slot = nullptr;
    BlockNumber block = InvalidBlockNumber;
    bool by_block = false;
    bool ended = false;
    uint64_t rows = 0; // since the object was last told
};

Scan OpenScan(const ScanJob& job) {
    return Pg([&job] {
        Scan scan;
        scan.relation = table_open(job.relation, AccessShareLock);
        scan.scan =
            table_beginscan_strat(scan.relation, GetActiveSnapshot(), 0, nullptr, true, false);
        scan.slot = table_slot_create(scan.relation, nullptr);
        scan.by_block = job.blocks.has_value();
        if (scan.by_block) {
            scan.block = job.blocks->first;
            heap_setscanlimits(scan.scan, job.blocks->first, job.blocks->end - job.blocks->first);
        }
        return scan;
    });
}

void CloseScan(Scan& scan) {
    Pg([&scan] {
        ExecDropSingleTupleTableSlot(scan.slot);
        table_endscan(scan.scan);
        table_close(scan.relation, AccessShareLock);
    });
}

void TellRows(Scan& scan, RowBuffer& out, PartedObject& object) {
    out.Flush();
    object.EndRows(scan.rows, scan.block);
    scan.rows = 0;
}

void EnterBlock(Scan& scan, BlockNumber block, RowBuffer& out, PartedObject& object) {
    if (block == scan.block) return;
    TellRows(scan, out, object);
    object.EndBlock(scan.block);
    scan.block = block;
}

// Inside Pg(): rows until a batch is full or the scan ends.
void ScanBatch(Scan& scan, RowFormatter& formatter, RowBuffer& out, PartedObject& object) {
    const uint64_t full = out.total() + kBatchBytes;
    for (int rows = 0; rows < kBatchRows && out.total() < full; ++rows) {
        if (!table_scan_getnextslot(scan.scan, ForwardScanDirection, scan.slot)) {
            scan.ended = true;
            break;
        }
        if (scan.by_block)
            EnterBlock(scan, ItemPointerGetBlockNumber(&scan.slot->tts_tid), out, object);
        formatter.Format(scan.slot, out);
        ++scan.rows;
    }
    TellRows(scan, out, object);
}

// Its memory lies in SPI's, which SPI_finish frees: so all of it ends here.
void StreamPortal(Portal portal, PartedObject& object, Interrupt& interrupt) {
    RowBuffer out(object);
    RowFormatter formatter(portal->tupDesc);
    TupleTableSlot* slot =
        Pg([portal] { return MakeSingleTupleTableSlot(portal->tupDesc, &TTSOpsHeapTuple); });
    for (bool ended = false; !ended;) {
        interrupt.Check();
        const HoldInterrupts hold;
        ended = Pg([&] {
            SPI_cursor_fetch(portal, true, kFetchRows);
            for (uint64 i = 0; i < SPI_processed; ++i) {
                ExecStoreHeapTuple(SPI_tuptable->vals[i], slot, false);
                formatter.Format(slot, out);
            }
            out.Flush();
            object.EndRows(SPI_processed, 0);
            ExecClearTuple(slot);
            SPI_freetuptable(SPI_tuptable);
            return SPI_processed == 0;
        });
    }
    Pg([slot] { ExecDropSingleTupleTableSlot(slot); });
}

} // namespace

void JobProgress::Set(uint64_t done, uint64_t whole) {
    const auto share =
        static_cast<uint64_t>(static_cast<double>(weight_) * static_cast<double>(done) /
                              static_cast<double>(std::max<uint64_t>(whole, 1)));
    const uint64_t now = done >= whole ? weight_ : std::min(share, weight_);
    if (now <= published_) return;
    pg_atomic_fetch_add_u64(&shared_->bytes_done, static_cast<int64_t>(now - published_));
    published_ = now;
}

std::vector<ObjectRecord> StreamRelation(const ObjectContext& context, const ScanJob& job,
                                         JobProgress& progress, Interrupt& interrupt) {
    const MemoryScope memory("lifeboat scan");
    Scan scan = OpenScan(job);
    PartedObject object(context, job.kind, job.relation, job.blocks);
    RowBuffer out(object);
    RowFormatter formatter(RelationGetDescr(scan.relation));
    while (!scan.ended) {
        interrupt.Check();
        const HoldInterrupts hold;
        Pg([&] { ScanBatch(scan, formatter, out, object); });
        if (scan.by_block)
            progress.Set(scan.block - job.blocks->first, job.blocks->end - job.blocks->first);
    }
    if (scan.by_block) object.EndBlock(scan.block);
    CloseScan(scan);
    std::vector<ObjectRecord> records = object.Finish();
    progress.Finish();
    return records;
}

std::vector<ObjectRecord> StreamQuery(const ObjectContext& context, const std::string& sql,
                                      Oid relation, ObjectKind kind, Interrupt& interrupt) {
    PartedObject object(context, kind, relation, std::nullopt);
    Portal portal = Pg([&sql] {
        SPI_connect();
        SPIPlanPtr plan = SPI_prepare(sql.c_str(), 0, nullptr);
        if (plan == nullptr)
            elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
        return SPI_cursor_open(nullptr, plan, nullptr, nullptr, true);
    });
    StreamPortal(portal, object, interrupt);
    Pg([] { SPI_finish(); });
    return object.Finish();
}

} // namespace lifeboat::pg
