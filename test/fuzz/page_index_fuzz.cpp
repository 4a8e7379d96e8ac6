// A page index: one form alone is accepted, and nothing is allocated that the bytes do not pay for.
#include <cstdlib>
#include <cstring>

#include "core/base/error.h"
#include "core/format/page_index.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    uint64_t raw_bytes = 0;
    if (size < sizeof(raw_bytes)) return 0;
    std::memcpy(&raw_bytes, data, sizeof(raw_bytes));
    const lifeboat::Bytes payload(reinterpret_cast<const std::byte*>(data) + sizeof(raw_bytes),
                                  size - sizeof(raw_bytes));
    try {
        const lifeboat::Buffer again =
            lifeboat::EncodePageIndexFrame(lifeboat::DecodePageIndex(payload, raw_bytes));
        if (again.size() != payload.size() + 8 ||
            std::memcmp(again.data() + 8, payload.data(), payload.size()) != 0)
            std::abort();
    } catch (const lifeboat::Error&) {
    }
    return 0;
}
