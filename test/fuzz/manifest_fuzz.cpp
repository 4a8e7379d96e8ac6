// A manifest: whatever is accepted must be written and read again as the same.
#include <cstdlib>

#include "core/base/error.h"
#include "core/format/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        lifeboat::ParseManifestHead(text);
    } catch (const lifeboat::Error&) {
    }
    try {
        const lifeboat::Manifest manifest = lifeboat::ParseManifest(text);
        if (lifeboat::ParseManifest(lifeboat::FormatManifest(manifest)) != manifest) std::abort();
    } catch (const lifeboat::Error&) {
    }
    return 0;
}
