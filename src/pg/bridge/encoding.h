// Names from another database, in this database's encoding.
#pragma once

#include "pg/bridge/bridge.h"

namespace lifeboat::pg {

// Bytes that cannot be converted stand as \xNN. `encoding` as pg_encoding_to_char names it.
std::string ToLocalEncoding(const std::string& text, const std::string& encoding);
// For JSON.
std::string ToUtf8(const std::string& text);

} // namespace lifeboat::pg
