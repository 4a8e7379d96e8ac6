// One row → one line of COPY TEXT, byte for byte as COPY … TO STDOUT writes it.
//
// A RowFormatter is made once per relation: each column gets a formatting function. Today that is
// the type's output function for all of them; formatters for common types are chosen in
// ChooseFormat. Everything that formats runs inside Pg() and may raise: no object with a destructor
// lives in its frames while PostgreSQL is called.
#pragma once

#include "pg/bridge.h"
#include "pg/object_context.h"

extern "C" {
#include <access/tupdesc.h>
#include <executor/tuptable.h>
}

namespace lifeboat::pg {

// Collects text and passes it on in large pieces: a value of any size goes through.
class RowBuffer {
public:
    explicit RowBuffer(PartedObject& object);
    void Put(char c) {
        if (used_ == kSize) Flush();
        bytes_[used_++] = c;
    }
    void PutPlain(std::string_view text); // nothing in it needs escaping
    void PutEscaped(const char* text, size_t length);
    void Flush();
    // All that was ever put.
    [[nodiscard]] uint64_t total() const noexcept { return flushed_ + used_; }

private:
    static constexpr size_t kSize = 256 * 1024;
    static constexpr size_t kPiece = kSize / 4;
    PartedObject& object_;
    std::unique_ptr<char[]> bytes_;
    size_t used_ = 0;
    uint64_t flushed_ = 0;
};

struct ColumnFormat;
using FormatValue = void (*)(ColumnFormat& column, Datum value, RowBuffer& out);

struct ColumnFormat {
    int index = 0; // in the slot, from 0
    FormatValue format = nullptr;
    FmgrInfo output = {};
};

class RowFormatter {
public:
    // Every live, non-generated column of the descriptor, in its order.
    explicit RowFormatter(TupleDesc descriptor);
    RowFormatter(const RowFormatter&) = delete;
    RowFormatter& operator=(const RowFormatter&) = delete;
    ~RowFormatter();
    // Inside Pg(). The line with its newline.
    void Format(TupleTableSlot* slot, RowBuffer& out);

private:
    std::vector<ColumnFormat> columns_;
    MemoryContext functions_ = nullptr; // what output functions keep from call to call
    MemoryContext row_ = nullptr;       // reset after each row
};

} // namespace lifeboat::pg
