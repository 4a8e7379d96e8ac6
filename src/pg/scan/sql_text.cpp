#include "pg/scan/sql_text.h"

namespace lifeboat::pg {
namespace {

bool HasLineBreak(std::string_view text) {
    return text.find_first_of("\n\r") != std::string_view::npos;
}

} // namespace

std::string LineLiteral(std::string_view text) {
    const bool plain = text.find_first_of("\\\n\r:") == std::string_view::npos;
    std::string literal = plain ? "'" : "E'";
    for (const char c : text) {
        switch (c) {
        case '\'': literal += "''"; break;
        case '\\': literal += "\\\\"; break;
        case '\n': literal += "\\n"; break;
        case '\r': literal += "\\r"; break;
        case ':': literal += "\\x3a"; break;
        default: literal += c;
        }
    }
    return literal + "'";
}

std::string LineIdentifier(std::string_view name) {
    if (!HasLineBreak(name)) return QuoteIdentifier(name);
    std::string quoted = "U&\"";
    for (const char c : name) {
        switch (c) {
        case '"': quoted += "\"\""; break;
        case '\\': quoted += "\\\\"; break;
        case '\n': quoted += "\\000a"; break;
        case '\r': quoted += "\\000d"; break;
        default: quoted += c;
        }
    }
    return quoted + "\"";
}

std::vector<std::string> GrantStatements(const Grant& grant, const std::string& object,
                                         const std::string& owner) {
    std::vector<std::string> statements;
    const bool by_other = grant.grantor != owner;
    if (by_other)
        statements.push_back("SET SESSION AUTHORIZATION " + LineIdentifier(grant.grantor));
    statements.push_back("GRANT " + grant.privileges + " ON " + object + " TO " +
                         (grant.grantee ? LineIdentifier(*grant.grantee) : "PUBLIC") +
                         (grant.grantable ? " WITH GRANT OPTION" : ""));
    if (by_other) statements.emplace_back("RESET SESSION AUTHORIZATION");
    return statements;
}

} // namespace lifeboat::pg
