// One row → one line of COPY TEXT, byte for byte as COPY … TO STDOUT writes it.
//
// A RowFormatter is made once per relation. A tuple of a heap is read in place: columns are found
// by walking it once, and those whose type has a formatter (type_formats.h) are printed from where
// they lie; TOASTed values are fetched once, and only values that no formatter takes go through
// their type's output function. Everything that formats runs inside Pg() and may raise: no object
// with a destructor lives in its frames while PostgreSQL is called.
#pragma once

#include <vector>

#include "pg/scan/type_formats.h"

extern "C" {
#include <access/htup_details.h>
#include <access/tupdesc.h>
#include <executor/tuptable.h>
}

namespace lifeboat::pg {

class RowFormatter {
public:
    // Every live, non-generated column of the descriptor, in its order. The descriptor must outlive
    // the formatter.
    explicit RowFormatter(TupleDesc descriptor);
    RowFormatter(const RowFormatter&) = delete;
    RowFormatter& operator=(const RowFormatter&) = delete;
    ~RowFormatter();
    // Inside Pg(). The line with its newline.
    void Format(HeapTuple row, TextOut& out);
    void Format(TupleTableSlot* slot, TextOut& out);

private:
    struct Column {
        const TypeFormat* type; // null: by the output function
        // Where it begins in every row whose columns before it are not null; -1: that varies.
        int32 offset;
        int16 index;  // in the descriptor, from 0
        int16 length; // pg_attribute.attlen
        char align;
        bool printed;
        bool by_value;
    };

    void AddColumn(TupleDesc descriptor, int index);
    void FixOffsets();
    void FormatWhole(const char* data, TextOut& out);
    void FormatPartly(const HeapTupleHeaderData* header, const char* data, TextOut& out);
    void EndLine(TextOut& out);
    void Missing(const Column& column, TextOut& out);
    void InPlace(const Column& column, const char* value, TextOut& out) {
        if (column.length < 0 || column.type == nullptr ||
            !column.type->format(*column.type, value, static_cast<size_t>(column.length), out))
            Otherwise(column, value, out);
    }
    void Otherwise(const Column& column, const char* value, TextOut& out);
    void Varlena(const Column& column, const char* value, TextOut& out);
    void Value(const Column& column, Datum value, TextOut& out);
    void ByOutputFunction(const Column& column, Datum value, TextOut& out);

    TupleDesc descriptor_;
    TypeFormats types_;
    std::vector<Column> columns_;       // up to the last that is printed
    std::vector<FmgrInfo> outputs_;     // of each column
    MemoryContext functions_ = nullptr; // what output functions keep from call to call
    MemoryContext row_ = nullptr;       // reset after each row that used it
    bool row_used_ = false;
};

} // namespace lifeboat::pg
