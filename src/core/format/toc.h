// toc: one line per object in restore order: name, kind, statement, detail (JSON), tab-separated,
// each field with COPY TEXT escapes. Everything is in the database's encoding except the JSON,
// whose strings that are not UTF-8 stand as `…_hex`.
#pragma once

#include "core/format/object.h"

namespace lifeboat {

struct TocDetail {
    uint32_t relation = 0; // oid
    std::string schema;    // database encoding, may be empty
    std::string name;
    uint32_t part = 1;
    uint32_t parts = 1;
    uint64_t rows = 0;
    std::string root_schema; // loaded through this partition root, if any
    std::string root_name;
    char relkind = 'r';
    std::string condition;          // extension configuration tables
    std::vector<std::string> roles; // of the schema archive: roles that owners and grants name
    std::vector<std::string> tablespaces; // of the schema archive: tablespaces it uses
    bool operator==(const TocDetail&) const = default;
};

struct TocEntry {
    std::string object; // store-relative name
    ObjectKind kind = ObjectKind::kData;
    std::string statement; // "COPY … FROM stdin", "" if none ("-" in the file)
    TocDetail detail;
    bool operator==(const TocEntry&) const = default;
};

// A line is at most so long: 1,600 columns with names of 63 bytes, all of them escaped, fit many
// times.
inline constexpr size_t kMaxTocLineBytes = 16U << 20;

std::string FormatTocLine(const TocEntry& entry); // with the newline
// Throws Error(Damaged) with the line number; Error(Unsupported) for an unknown kind.
std::vector<TocEntry> ParseToc(std::string_view text);

// The only statements a reader accepts for kind data and config: COPY ident.ident [(ident, …)] FROM
// stdin, identifiers bare
// ([a-z_][a-z0-9_$]* and bytes ≥ 0x80) or double-quoted. (Without columns for a table that has
// none.)
struct CopyTarget {
    std::string schema;
    std::string table;
    std::vector<std::string> columns;
};
CopyTarget ParseCopyStatement(std::string_view statement); // throws Error(Damaged)
std::string MakeCopyStatement(const CopyTarget& target);   // always quotes where needed
std::string QuoteIdentifier(
    std::string_view name); // as quote_ident with quote_all off: keywords are quoted too

} // namespace lifeboat
