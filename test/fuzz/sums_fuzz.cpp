// SHA256SUMS, of which one form alone is accepted, and the other small files of a store.
#include <cstdlib>

#include "core/base/error.h"
#include "core/format/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        if (lifeboat::FormatSums(lifeboat::ParseSums(text)) != text) std::abort();
    } catch (const lifeboat::Error&) {
    }
    try {
        const lifeboat::Repo repo = lifeboat::ParseRepo(text);
        if (!(lifeboat::ParseRepo(lifeboat::FormatRepo(repo)) == repo)) std::abort();
    } catch (const lifeboat::Error&) {
    }
    lifeboat::ParseKeyFileName(text);
    lifeboat::IsStoreName(text);
    return 0;
}
