#include "pg/scan/heap_scan.h"

#include "pg/bridge/guards.h"
#include "pg/run/run_interrupt.h"
#include "pg/scan/heap_pages.h"
#include "pg/scan/row_buffer.h"
#include "pg/scan/row_format.h"

extern "C" {
#include <access/table.h>
#include <access/tableam.h>
#include <executor/spi.h>
#include <executor/tuptable.h>
#include <utils/inval.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>
#include <utils/snapmgr.h>
}

namespace lifeboat::pg {
namespace {

// Between two looks at interrupts and progress.
constexpr uint64_t kBatchBytes = 512 * 1024;
constexpr int kBatchRows = 10000;
constexpr int kBatchPages = 256; // of dead rows, which make no text
constexpr long kFetchRows = 200;

// A relation of any access method, whole. Without Close() the transaction's abort gives everything
// back.
class SlotScan {
public:
    explicit SlotScan(Relation relation) {
        Pg([&] {
            scan_ = table_beginscan_strat(relation, GetActiveSnapshot(), 0, nullptr, true, false);
            slot_ = table_slot_create(relation, nullptr);
        });
    }
    // Inside Pg(): rows until a batch is full; false when the scan has ended.
    bool Batch(RowFormatter& formatter, RowBuffer& out) {
        const uint64_t full = out.total() + kBatchBytes;
        uint64_t rows = 0;
        bool more = true;
        while (rows < kBatchRows && out.total() < full) {
            more = table_scan_getnextslot(scan_, ForwardScanDirection, slot_);
            if (!more) break;
            formatter.Format(slot_, out);
            ++rows;
        }
        if (out.EndRows(rows)) out.EndPart(0);
        return more;
    }
    void Close() {
        Pg([this] {
            ExecDropSingleTupleTableSlot(slot_);
            table_endscan(scan_);
        });
    }

private:
    TableScanDesc scan_ = nullptr;
    TupleTableSlot* slot_ = nullptr;
};

// A range of a heap's blocks.
class PageScan {
public:
    PageScan(Relation relation, BlockRange blocks) {
        Pg([&] { pages_.Open(relation, blocks); });
    }
    [[nodiscard]] BlockNumber block() const noexcept { return pages_.block(); }
    // Inside Pg(): rows until a batch is full; false when the scan has ended.
    bool Batch(RowFormatter& formatter, RowBuffer& out) {
        const uint64_t full = out.total() + kBatchBytes;
        uint64_t rows = 0;
        for (int pages = 0; pages < kBatchPages && out.total() < full;) {
            if (row_ < row_end_) {
                formatter.Format(pages_.Row(row_++), out);
                ++rows;
                continue;
            }
            if (in_page_) out.EndBlock(pages_.block());
            in_page_ = pages_.Next();
            if (!in_page_) break;
            row_ = 0;
            row_end_ = pages_.rows();
            ++pages;
        }
        if (out.EndRows(rows) && in_page_) out.EndPart(pages_.block());
        return in_page_;
    }
    void Close() {
        Pg([this] { pages_.Close(); });
    }

private:
    HeapPages pages_;
    int row_ = 0;
    int row_end_ = 0;
    bool in_page_ = false;
};

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
            if (out.EndRows(SPI_processed)) out.EndPart(0);
            ExecClearTuple(slot);
            SPI_freetuptable(SPI_tuptable);
            return SPI_processed == 0;
        });
    }
    out.Flush();
    Pg([slot] { ExecDropSingleTupleTableSlot(slot); });
}

template <class Scan>
void StreamScan(Scan& scan, RowFormatter& formatter, RowBuffer& out, Interrupt& interrupt,
                const std::function<void()>& after_batch) {
    const auto read = [&] {
        for (bool more = true; more;) {
            interrupt.Check();
            const HoldInterrupts hold;
            more = Pg([&] { return scan.Batch(formatter, out); });
            after_batch();
        }
        out.Flush();
    };
    DoAndClose(read, [&scan] { scan.Close(); });
}

// For progress: the relation last begun.
void Announce(RunShared* shared, Relation relation) {
    const char* schema = Pg([&] { return get_namespace_name(RelationGetNamespace(relation)); });
    if (schema == nullptr) return;
    const std::string text = std::string(schema) + "." + RelationGetRelationName(relation);
    SpinLockAcquire(&shared->lock);
    strlcpy(shared->relation, text.c_str(), sizeof(shared->relation));
    SpinLockRelease(&shared->lock);
}

} // namespace

void LimitRelationCache(size_t opened) {
    constexpr size_t kKept = 4096;
    if (opened % kKept == 0) Pg([] { InvalidateSystemCaches(); });
}

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
    Relation relation = Pg([&job] { return table_open(job.relation, AccessShareLock); });
    Announce(context.shared, relation);
    PartedObject object(context, job.kind, job.relation, job.blocks);
    RowBuffer out(object);
    RowFormatter formatter(RelationGetDescr(relation));
    const auto read = [&] {
        if (job.blocks) {
            const BlockRange blocks = *job.blocks;
            PageScan scan(relation, blocks);
            StreamScan(scan, formatter, out, interrupt, [&] {
                progress.Set(scan.block() - blocks.first, blocks.end - blocks.first);
            });
        } else {
            SlotScan scan(relation);
            StreamScan(scan, formatter, out, interrupt, [] {});
        }
    };
    DoAndClose(read, [relation] { Pg([&] { table_close(relation, AccessShareLock); }); });
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
