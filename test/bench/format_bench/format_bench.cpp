// lifeboat_bench_format(regclass): formats every row of a table as a backup does, and throws the
// text away; returns its bytes. For test/bench, a module of its own that is never installed.
#include "pg/bridge/bridge.h"
#include "pg/scan/heap_pages.h"
#include "pg/scan/row_format.h"

extern "C" {
#include <access/table.h>

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(lifeboat_bench_format);
PGDLLEXPORT Datum lifeboat_bench_format(PG_FUNCTION_ARGS);
}

namespace lifeboat::pg {
namespace {

class Discarded final : public TextOut {
public:
    Discarded() : bytes_(std::make_unique<char[]>(kSize)) {
        begin_ = next_ = bytes_.get();
        end_ = begin_ + kSize;
    }
    [[nodiscard]] int64_t total() const noexcept { return total_ + (next_ - begin_); }

private:
    // As RowBuffer's, or caches would count for something else.
    static constexpr size_t kSize = 256 * 1024;
    void Drain() override {
        total_ += next_ - begin_;
        next_ = begin_;
    }

    std::unique_ptr<char[]> bytes_;
    int64_t total_ = 0;
};

constexpr int kBatchPages = 64;

// Inside Pg(): some pages; false when there is none left.
bool FormatPages(HeapPages& pages, RowFormatter& formatter, Discarded& out) {
    for (int i = 0; i < kBatchPages; ++i) {
        if (!pages.Next()) return false;
        for (int row = 0; row < pages.rows(); ++row) formatter.Format(pages.Row(row), out);
    }
    return true;
}

int64_t FormatTable(Oid table) {
    Relation relation = Pg([table] { return table_open(table, AccessShareLock); });
    Discarded out;
    RowFormatter formatter(RelationGetDescr(relation));
    HeapPages pages;
    Pg([&] { pages.Open(relation, {0, RelationGetNumberOfBlocks(relation)}); });
    for (bool more = true; more;) {
        CheckInterrupts();
        more = Pg([&] { return FormatPages(pages, formatter, out); });
    }
    Pg([&] {
        pages.Close();
        table_close(relation, AccessShareLock);
    });
    return out.total();
}

} // namespace
} // namespace lifeboat::pg

Datum lifeboat_bench_format(PG_FUNCTION_ARGS) {
    using namespace lifeboat::pg;
    const int64_t bytes = Boundary([fcinfo] { return FormatTable(PG_GETARG_OID(0)); });
    PG_RETURN_INT64(bytes);
}
