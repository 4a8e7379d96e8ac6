// A toc and its COPY statements: whatever is accepted must be written and read again as the same.
#include <cstdlib>

#include "core/base/error.h"
#include "core/format/toc.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        const auto entries = lifeboat::ParseToc(text);
        std::string again;
        for (const auto& entry : entries) again += lifeboat::FormatTocLine(entry);
        if (lifeboat::ParseToc(again) != entries) std::abort();
    } catch (const lifeboat::Error&) {
    }
    try {
        const auto target = lifeboat::ParseCopyStatement(text);
        const auto again = lifeboat::ParseCopyStatement(lifeboat::MakeCopyStatement(target));
        if (again.schema != target.schema || again.table != target.table ||
            again.columns != target.columns)
            std::abort();
    } catch (const lifeboat::Error&) {
    }
    return 0;
}
