// SQL from C++ inside the server: SPI with text in and text out.
//
// Values go in as text parameters ($1, $2, …: cast them in the SQL, `$1::bigint`) and come back as
// text or NULL: simple and exact, and never in a hot path. Statements run with the current identity
// and search_path; name everything with its schema.
#pragma once

#include "pg/bridge/bridge.h"

namespace lifeboat::pg {

using Value = std::optional<std::string>;
using Row = std::vector<Value>;

struct Rows {
    std::vector<Row> rows;
    [[nodiscard]] bool empty() const noexcept { return rows.empty(); }
    [[nodiscard]] size_t size() const noexcept { return rows.size(); }
    const Row& operator[](size_t i) const { return rows[i]; }
    [[nodiscard]] auto begin() const { return rows.begin(); }
    [[nodiscard]] auto end() const { return rows.end(); }
};

// Runs one statement in the current transaction (connects to SPI by itself). `read_only` uses the
// transaction's snapshot as it is.
Rows Query(const std::string& sql, const std::vector<Value>& parameters = {},
           bool read_only = false);
// The single value of the single row; nullopt when there is none or it is NULL.
Value QueryValue(const std::string& sql, const std::vector<Value>& parameters = {},
                 bool read_only = false);
// Rows affected.
uint64_t Execute(const std::string& sql, const std::vector<Value>& parameters = {});

// quote_literal, quote_identifier.
std::string QuoteLiteral(const std::string& text);
std::string QuoteIdent(const std::string& name);

} // namespace lifeboat::pg
