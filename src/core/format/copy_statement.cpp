// The COPY statements of a toc: the one shape that is written and accepted, and the quoting of
// identifiers.
#include <algorithm>

#include "core/format/damaged.h"
#include "core/format/toc.h"

namespace lifeboat {
namespace {

// What PostgreSQL 15 to 18 know as keywords and do not class as unreserved
// (src/include/parser/kwlist.h): those that quote_ident quotes. Sorted. One word too many costs two
// quotation marks, nothing else.
// clang-format off
constexpr std::string_view kKeywords[] = {
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization",
    "between", "bigint", "binary", "bit", "boolean", "both", "case", "cast", "char", "character",
    "check", "coalesce", "collate", "collation", "column", "concurrently", "constraint", "create",
    "cross", "current_catalog", "current_date", "current_role", "current_schema", "current_time",
    "current_timestamp", "current_user", "dec", "decimal", "default", "deferrable", "desc",
    "distinct", "do", "else", "end", "except", "exists", "extract", "false", "fetch", "float",
    "for", "foreign", "freeze", "from", "full", "grant", "greatest", "group", "grouping", "having",
    "ilike", "in", "initially", "inner", "inout", "int", "integer", "intersect", "interval", "into",
    "is", "isnull", "join", "json", "json_array", "json_arrayagg", "json_exists", "json_object",
    "json_objectagg", "json_query", "json_scalar", "json_serialize", "json_table", "json_value",
    "lateral", "leading", "least", "left", "like", "limit", "localtime", "localtimestamp",
    "merge_action", "national", "natural", "nchar", "none", "normalize", "not", "notnull", "null",
    "nullif", "numeric", "offset", "on", "only", "or", "order", "out", "outer", "overlaps",
    "overlay", "placing", "position", "precision", "primary", "real", "references", "returning",
    "right", "row", "select", "session_user", "setof", "similar", "smallint", "some", "substring",
    "symmetric", "system_user", "table", "tablesample", "then", "time", "timestamp", "to",
    "trailing", "treat", "trim", "true", "union", "unique", "user", "using", "values", "varchar",
    "variadic", "verbose", "when", "where", "window", "with", "xmlattributes", "xmlconcat",
    "xmlelement", "xmlexists", "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot",
    "xmlserialize", "xmltable",
};
// clang-format on

bool IsBareStart(char c) noexcept { return (c >= 'a' && c <= 'z') || c == '_'; }
bool IsBareChar(char c) noexcept { return IsBareStart(c) || (c >= '0' && c <= '9'); }
bool IsHigh(char c) noexcept { return static_cast<unsigned char>(c) >= 0x80; }

// Reads the statement from left to right; whatever is not expected is refused with its position.
class CopyParser {
public:
    explicit CopyParser(std::string_view statement) : text_(statement) {}

    CopyTarget Parse() {
        CopyTarget target;
        Expect("COPY ");
        target.schema = Identifier();
        Expect(".");
        target.table = Identifier();
        Expect(" ");
        if (Accept("(")) {
            do {
                target.columns.push_back(Identifier());
            } while (Accept(", "));
            Expect(") ");
        }
        Expect("FROM stdin");
        if (at_ != text_.size()) Refuse("nothing more");
        return target;
    }

private:
    [[noreturn]] void Refuse(std::string_view expected) const {
        ThrowDamaged("COPY statement", "At byte " + std::to_string(at_ + 1) +
                                           " of its statement, " + std::string(expected) +
                                           " was expected: " + Printable(text_) + ".");
    }
    bool Accept(std::string_view token) {
        if (!text_.substr(at_).starts_with(token)) return false;
        at_ += token.size();
        return true;
    }
    void Expect(std::string_view token) {
        if (!Accept(token)) Refuse("\"" + std::string(token) + "\"");
    }
    std::string Identifier() {
        if (Accept("\"")) return Quoted();
        const size_t start = at_;
        const auto fits = [&](char c) {
            return IsHigh(c) || (at_ == start ? IsBareStart(c) : IsBareChar(c) || c == '$');
        };
        while (at_ < text_.size() && fits(text_[at_])) ++at_;
        if (at_ == start) Refuse("an identifier");
        return std::string(text_.substr(start, at_ - start));
    }
    std::string Quoted() {
        std::string name;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '\0') break;
            ++at_;
            if (c != '"')
                name += c;
            else if (Accept("\""))
                name += '"';
            else if (name.empty())
                Refuse("a name that is not empty");
            else
                return name;
        }
        Refuse("the end of a quoted identifier");
    }

    std::string_view text_;
    size_t at_ = 0;
};

} // namespace

CopyTarget ParseCopyStatement(std::string_view statement) { return CopyParser(statement).Parse(); }

std::string MakeCopyStatement(const CopyTarget& target) {
    std::string statement =
        "COPY " + QuoteIdentifier(target.schema) + "." + QuoteIdentifier(target.table);
    for (size_t i = 0; i < target.columns.size(); ++i)
        statement += (i == 0 ? " (" : ", ") + QuoteIdentifier(target.columns[i]);
    if (!target.columns.empty()) statement += ")";
    return statement + " FROM stdin";
}

std::string QuoteIdentifier(std::string_view name) {
    const bool bare = !name.empty() && IsBareStart(name[0]) &&
                      std::all_of(name.begin(), name.end(), IsBareChar) &&
                      !std::binary_search(std::begin(kKeywords), std::end(kKeywords), name);
    if (bare) return std::string(name);
    std::string quoted = "\"";
    for (const char c : name) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + "\"";
}

} // namespace lifeboat
