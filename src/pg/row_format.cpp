#include "pg/row_format.h"

#include <cstring>

#include "core/copytext/escape.h"

extern "C" {
#include <utils/lsyscache.h>
}

namespace lifeboat::pg {
namespace {

void FormatByOutputFunction(ColumnFormat& column, Datum value, RowBuffer& out) {
    const char* text = OutputFunctionCall(&column.output, value);
    out.PutEscaped(text, std::strlen(text));
}

// The place for formatters that know a type: they must print what its output function prints.
FormatValue ChooseFormat(Oid /*type*/) { return FormatByOutputFunction; }

ColumnFormat MakeColumn(int index, Oid type, MemoryContext keep) {
    ColumnFormat column;
    column.index = index;
    column.format = ChooseFormat(type);
    Pg([&] {
        Oid function = InvalidOid;
        bool is_varlena = false;
        getTypeOutputInfo(type, &function, &is_varlena);
        fmgr_info_cxt(function, &column.output, keep);
    });
    return column;
}

} // namespace

RowBuffer::RowBuffer(PartedObject& object)
    : object_(object), bytes_(std::make_unique<char[]>(kSize)) {}

void RowBuffer::PutPlain(std::string_view text) {
    if (text.size() > kSize - used_) Flush();
    if (text.size() > kSize) {
        object_.Write(AsBytes(text));
        flushed_ += text.size();
        return;
    }
    std::memcpy(bytes_.get() + used_, text.data(), text.size());
    used_ += text.size();
}

void RowBuffer::PutEscaped(const char* text, size_t length) {
    while (length > 0) {
        const size_t piece = std::min(length, kPiece);
        if (piece * 2 > kSize - used_) Flush();
        used_ += EscapeCopyText(text, piece, bytes_.get() + used_);
        text += piece;
        length -= piece;
    }
}

void RowBuffer::Flush() {
    if (used_ == 0) return;
    object_.Write(AsBytes({bytes_.get(), used_}));
    flushed_ += used_;
    used_ = 0;
}

RowFormatter::RowFormatter(TupleDesc descriptor) {
    Pg([this] {
        functions_ =
            AllocSetContextCreate(CurrentMemoryContext, "lifeboat formatter", ALLOCSET_SMALL_SIZES);
        row_ = AllocSetContextCreate(functions_, "lifeboat row", ALLOCSET_DEFAULT_SIZES);
    });
    for (int i = 0; i < descriptor->natts; ++i) {
        const FormData_pg_attribute* attribute = TupleDescAttr(descriptor, i);
        if (attribute->attisdropped || attribute->attgenerated != '\0') continue;
        columns_.push_back(MakeColumn(i, attribute->atttypid, functions_));
    }
}

RowFormatter::~RowFormatter() {
    // A store's exception has left Format() half-way: nobody has switched back.
    if (CurrentMemoryContext == row_) MemoryContextSwitchTo(MemoryContextGetParent(functions_));
    MemoryContextDelete(functions_);
}

void RowFormatter::Format(TupleTableSlot* slot, RowBuffer& out) {
    slot_getallattrs(slot);
    MemoryContext before = MemoryContextSwitchTo(row_);
    char separator = '\0';
    for (ColumnFormat& column : columns_) {
        if (separator != '\0') out.Put(separator);
        separator = '\t';
        if (slot->tts_isnull[column.index]) {
            out.PutPlain("\\N");
        } else {
            column.format(column, slot->tts_values[column.index], out);
        }
    }
    out.Put('\n');
    MemoryContextSwitchTo(before);
    MemoryContextReset(row_);
}

} // namespace lifeboat::pg
