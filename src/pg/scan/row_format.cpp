#include "pg/scan/row_format.h"

extern "C" {
#include <access/detoast.h>
#include <access/tupmacs.h>
#include <utils/lsyscache.h>
}

namespace lifeboat::pg {

RowFormatter::RowFormatter(TupleDesc descriptor) : descriptor_(descriptor) {
    Pg([this] {
        functions_ =
            AllocSetContextCreate(CurrentMemoryContext, "lifeboat formatter", ALLOCSET_SMALL_SIZES);
        row_ = AllocSetContextCreate(functions_, "lifeboat row", ALLOCSET_DEFAULT_SIZES);
    });
    for (int i = 0; i < descriptor->natts; ++i) AddColumn(descriptor, i);
    while (!columns_.empty() && !columns_.back().printed) columns_.pop_back();
    FixOffsets();
}

RowFormatter::~RowFormatter() {
    // A store's exception has left Format() half-way: nobody has switched back.
    if (CurrentMemoryContext == row_) MemoryContextSwitchTo(MemoryContextGetParent(functions_));
    MemoryContextDelete(functions_);
}

void RowFormatter::AddColumn(TupleDesc descriptor, int index) {
    const FormData_pg_attribute* attribute = TupleDescAttr(descriptor, index);
    Column& column = columns_.emplace_back();
    FmgrInfo& output = outputs_.emplace_back();
    column.index = static_cast<int16>(index);
    column.printed = !attribute->attisdropped && attribute->attgenerated == '\0';
    column.by_value = attribute->attbyval;
    column.length = attribute->attlen;
    column.align = attribute->attalign;
    column.offset = -1;
    if (!column.printed) return;
    const Oid type = attribute->atttypid;
    column.type = types_.Find(type);
    Pg([&] {
        Oid function = InvalidOid;
        bool is_varlena = false;
        getTypeOutputInfo(type, &function, &is_varlena);
        fmgr_info_cxt(function, &output, functions_);
    });
}

// The leading columns of fixed length lie at the same place in each row without nulls before them.
void RowFormatter::FixOffsets() {
    int32 offset = 0;
    for (Column& column : columns_) {
        if (column.length < 0) return;
        offset = static_cast<int32>(att_align_nominal(offset, column.align));
        column.offset = offset;
        offset += column.length;
    }
}

void RowFormatter::Format(HeapTuple row, TextOut& out) {
    const HeapTupleHeader header = row->t_data;
    const char* data = reinterpret_cast<const char*>(header) + header->t_hoff;
    if ((header->t_infomask & HEAP_HASNULL) == 0 &&
        static_cast<size_t>(HeapTupleHeaderGetNatts(header)) >= columns_.size()) {
        FormatWhole(data, out);
    } else {
        FormatPartly(header, data, out);
    }
    EndLine(out);
}

// Every column is there and not null.
void RowFormatter::FormatWhole(const char* data, TextOut& out) {
    uint32 offset = 0;
    for (const Column& column : columns_) {
        offset = column.offset >= 0 ? static_cast<uint32>(column.offset)
                                    : static_cast<uint32>(att_align_pointer(
                                          offset, column.align, column.length, data + offset));
        const char* value = data + offset;
        if (column.printed) {
            InPlace(column, value, out);
            out.Put('\t');
        }
        offset = static_cast<uint32>(att_addlength_pointer(offset, column.length, value));
    }
}

void RowFormatter::FormatPartly(const HeapTupleHeaderData* header, const char* data, TextOut& out) {
    const bool has_nulls = (header->t_infomask & HEAP_HASNULL) != 0;
    const int stored = HeapTupleHeaderGetNatts(header);
    uint32 offset = 0;
    for (const Column& column : columns_) {
        if (column.index >= stored) {
            if (column.printed) Missing(column, out);
        } else if (has_nulls && att_isnull(column.index, header->t_bits)) {
            if (column.printed) out.PutPlain("\\N");
        } else {
            offset = static_cast<uint32>(
                att_align_pointer(offset, column.align, column.length, data + offset));
            if (column.printed) InPlace(column, data + offset, out);
            offset =
                static_cast<uint32>(att_addlength_pointer(offset, column.length, data + offset));
        }
        if (column.printed) out.Put('\t');
    }
}

// Each value was followed by a tab.
void RowFormatter::EndLine(TextOut& out) {
    if (columns_.empty()) {
        out.Put('\n');
    } else {
        out.ReplaceLast('\n');
    }
    if (row_used_) MemoryContextReset(row_);
    row_used_ = false;
}

// A column that was added when the row was there already.
void RowFormatter::Missing(const Column& column, TextOut& out) {
    bool is_null = false;
    const Datum value = getmissingattr(descriptor_, column.index + 1, &is_null);
    if (is_null) {
        out.PutPlain("\\N");
    } else {
        Value(column, value, out);
    }
}

void RowFormatter::Otherwise(const Column& column, const char* value, TextOut& out) {
    if (column.length == -1 && column.type != nullptr) return Varlena(column, value, out);
    ByOutputFunction(column, fetch_att(value, column.by_value, column.length), out);
}

void RowFormatter::Varlena(const Column& column, const char* value, TextOut& out) {
    const TypeFormat& type = *column.type;
    if (VARATT_IS_1B(value) && !VARATT_IS_1B_E(value)) {
        if (type.format(type, VARDATA_1B(value), VARSIZE_1B(value) - VARHDRSZ_SHORT, out)) return;
        return ByOutputFunction(column, PointerGetDatum(value), out);
    }
    const char* plain = value;
    if (!VARATT_IS_4B_U(value)) {
        const MemoryContext before = MemoryContextSwitchTo(row_);
        row_used_ = true;
        plain = reinterpret_cast<const char*>(
            detoast_attr(reinterpret_cast<struct varlena*>(const_cast<char*>(value))));
        MemoryContextSwitchTo(before);
    }
    if (type.format(type, VARDATA_4B(plain), VARSIZE_4B(plain) - VARHDRSZ, out)) return;
    ByOutputFunction(column, PointerGetDatum(plain), out);
}

void RowFormatter::Value(const Column& column, Datum value, TextOut& out) {
    if (!column.by_value) return InPlace(column, DatumGetPointer(value), out);
    alignas(Datum) char bytes[sizeof(Datum)];
    store_att_byval(bytes, value, column.length);
    InPlace(column, bytes, out);
}

void RowFormatter::ByOutputFunction(const Column& column, Datum value, TextOut& out) {
    const MemoryContext before = MemoryContextSwitchTo(row_);
    row_used_ = true;
    FmgrInfo& output = outputs_[static_cast<size_t>(column.index)];
    out.PutEscaped(OutputFunctionCall(&output, value));
    MemoryContextSwitchTo(before);
}

void RowFormatter::Format(TupleTableSlot* slot, TextOut& out) {
    slot_getallattrs(slot);
    for (const Column& column : columns_) {
        if (!column.printed) continue;
        if (slot->tts_isnull[column.index]) {
            out.PutPlain("\\N");
        } else {
            Value(column, slot->tts_values[column.index], out);
        }
        out.Put('\t');
    }
    EndLine(out);
}

} // namespace lifeboat::pg
