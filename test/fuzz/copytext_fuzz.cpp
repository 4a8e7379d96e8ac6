// COPY TEXT escapes: escaping and back gives the same bytes; what unescapes, and was written by us,
// escapes to itself.
#include <cstdint>
#include <cstdlib>

#include "core/copytext/escape.h"

using namespace lifeboat;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::string escaped;
    AppendCopyText(escaped, text);
    for (const char c : escaped) {
        if (c >= '\b' && c <= '\r') std::abort();
    }
    if (UnescapeCopyText(escaped) != text) std::abort();

    if (const auto plain = UnescapeCopyText(text)) {
        std::string again;
        AppendCopyText(again, *plain);
        const bool canonical = text.find_first_of("\b\t\n\v\f\r") == std::string_view::npos;
        if (canonical && again != text) std::abort();
    }
    return 0;
}
