#include "pg/bridge/query.h"

extern "C" {
#include <catalog/pg_type.h>
#include <executor/spi.h>
#include <utils/builtins.h>
}

namespace lifeboat::pg {
namespace {

// SPI_connect … SPI_finish; after an error the (sub)transaction's abort finishes for us.
class SpiScope {
public:
    SpiScope() {
        Pg([] { SPI_connect(); });
    }
    SpiScope(const SpiScope&) = delete;
    SpiScope& operator=(const SpiScope&) = delete;
    void Finish() {
        Pg([] { SPI_finish(); });
    }
};

struct Arguments {
    std::vector<Oid> types;
    std::vector<Datum> values;
    std::string nulls;
};

Arguments MakeArguments(const std::vector<Value>& parameters) {
    Arguments arguments;
    for (const Value& value : parameters) {
        arguments.types.push_back(TEXTOID);
        arguments.nulls.push_back(value ? ' ' : 'n');
        arguments.values.push_back(value ? Pg([&value] {
            return PointerGetDatum(
                cstring_to_text_with_len(value->data(), static_cast<int>(value->size())));
        })
                                         : Datum{0});
    }
    return arguments;
}

[[noreturn]] void ThrowSpi(int code, const std::string& sql) {
    throw Error(Errc::Internal, std::string("SPI failed: ") + SPI_result_code_string(code),
                "The statement was: " + sql);
}

void Run(const std::string& sql, const std::vector<Value>& parameters, bool read_only) {
    Arguments arguments = MakeArguments(parameters);
    const int code = Pg([&] {
        return SPI_execute_with_args(sql.c_str(), static_cast<int>(arguments.types.size()),
                                     arguments.types.data(), arguments.values.data(),
                                     arguments.nulls.c_str(), read_only, 0);
    });
    if (code < 0) ThrowSpi(code, sql);
}

Row CopyRow(SPITupleTable* table, uint64_t index) {
    const int columns = table->tupdesc->natts;
    Row row;
    row.reserve(static_cast<size_t>(columns));
    for (int column = 1; column <= columns; ++column) {
        char* text = Pg([&] { return SPI_getvalue(table->vals[index], table->tupdesc, column); });
        row.push_back(text == nullptr ? Value() : Value(text));
        if (text != nullptr) pfree(text);
    }
    return row;
}

} // namespace

Rows Query(const std::string& sql, const std::vector<Value>& parameters, bool read_only) {
    SpiScope spi;
    Run(sql, parameters, read_only);
    Rows result;
    if (SPI_tuptable != nullptr) {
        SPITupleTable* table = SPI_tuptable;
        result.rows.reserve(SPI_processed);
        for (uint64_t i = 0; i < SPI_processed; ++i) result.rows.push_back(CopyRow(table, i));
    }
    spi.Finish();
    return result;
}

Value QueryValue(const std::string& sql, const std::vector<Value>& parameters, bool read_only) {
    Rows rows = Query(sql, parameters, read_only);
    return rows.empty() || rows[0].empty() ? Value() : rows[0][0];
}

uint64_t Execute(const std::string& sql, const std::vector<Value>& parameters) {
    SpiScope spi;
    Run(sql, parameters, false);
    const uint64_t processed = SPI_processed;
    spi.Finish();
    return processed;
}

std::string QuoteLiteral(const std::string& text) {
    char* quoted = Pg([&text] { return quote_literal_cstr(text.c_str()); });
    std::string result(quoted);
    pfree(quoted);
    return result;
}

std::string QuoteIdent(const std::string& name) {
    return Pg([&name] { return quote_identifier(name.c_str()); });
}

} // namespace lifeboat::pg
