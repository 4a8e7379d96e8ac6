// jsonb on hostile bytes: nothing outside them is read (the sanitizer looks), what is declined has
// written nothing, and what is written is COPY TEXT.
#include <cstdlib>

#include "core/base/error.h"
#include "core/copytext/escape.h"
#include "core/copytext/jsonb.h"

using namespace lifeboat;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const TypeFormat type{FormatJsonb, -1, 'i', ',', false, nullptr};
    TextCollector out;
    try {
        const bool done = FormatJsonb(type, reinterpret_cast<const char*>(data), size, out);
        if (done == out.text().empty()) std::abort();
    } catch (const Error& error) {
        if (error.code() != Errc::Damaged) std::abort();
        return 0;
    }
    if (!UnescapeCopyText(out.text())) std::abort();
    for (const char c : out.text()) {
        if (c >= '\b' && c <= '\r') std::abort();
    }
    return 0;
}
