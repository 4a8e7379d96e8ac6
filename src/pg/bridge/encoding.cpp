#include "pg/bridge/encoding.h"

extern "C" {
#include <catalog/namespace.h>
#include <mb/pg_wchar.h>
}

namespace lifeboat::pg {
namespace {

std::string EscapeHighBytes(const std::string& text) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string escaped;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            escaped += c;
        } else {
            escaped += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
        }
    }
    return escaped;
}

bool IsAscii(const std::string& text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool IsValid(const std::string& text, int encoding) {
    return Pg([&] {
        return pg_verify_mbstr(encoding, text.data(), static_cast<int>(text.size()), true);
    });
}

std::string Convert(const std::string& text, int from, int to) {
    if (IsAscii(text)) return text;
    if (from < 0 || from == PG_SQL_ASCII || from == to || to == PG_SQL_ASCII) {
        return IsValid(text, to) ? text : EscapeHighBytes(text);
    }
    const Oid procedure = Pg([&] { return FindDefaultConversionProc(from, to); });
    if (!OidIsValid(procedure)) return EscapeHighBytes(text);
    std::string source = text;
    std::vector<unsigned char> converted(text.size() * MAX_CONVERSION_GROWTH + 1);
    const int used = Pg([&] {
        return pg_do_encoding_conversion_buf(procedure, from, to,
                                             reinterpret_cast<unsigned char*>(source.data()),
                                             static_cast<int>(source.size()), converted.data(),
                                             static_cast<int>(converted.size()), true);
    });
    if (used != static_cast<int>(source.size())) return EscapeHighBytes(text);
    return reinterpret_cast<const char*>(converted.data());
}

} // namespace

std::string ToLocalEncoding(const std::string& text, const std::string& encoding) {
    return Convert(text, pg_char_to_encoding(encoding.c_str()), GetDatabaseEncoding());
}

std::string ToUtf8(const std::string& text) {
    return Convert(text, GetDatabaseEncoding(), PG_UTF8);
}

} // namespace lifeboat::pg
