// Strings in JSON, as escape_json writes them, in COPY TEXT.
#pragma once

#include <string_view>

#include "core/copytext/text_out.h"

namespace lifeboat {

// With its quotes. Up to `readable_end`, at or behind the end of `text`, memory may be read.
void PutJsonString(std::string_view text, const char* readable_end, TextOut& out);

} // namespace lifeboat
