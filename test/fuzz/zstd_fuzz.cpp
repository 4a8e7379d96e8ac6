// The decoder of zstd frames on hostile bytes: it throws Error(Damaged) or makes progress, and
// never says more bytes were taken than given. The first byte chooses the size of the pieces it is
// fed.
#include <algorithm>
#include <cstdlib>

#include "core/base/error.h"
#include "core/compress/zstd.h"

namespace {

constexpr uint64_t kMostContent = 1U << 22; // a bomb is stopped by its sink, as in a restore

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace lifeboat;
    if (size == 0) return 0;
    const size_t piece = 1 + data[0];
    Bytes rest(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
    StringSink content(kMostContent);
    ZstdFrameDecoder decoder;
    try {
        while (!rest.empty()) {
            const Bytes front = rest.first(std::min(piece, rest.size()));
            const size_t taken = decoder.Decode(front, content);
            if (taken > front.size()) std::abort();
            if (taken == 0 && !decoder.frame_ended()) std::abort();
            rest = rest.subspan(taken);
        }
    } catch (const Error& error) {
        if (error.code() != Errc::Damaged) std::abort();
    }
    return 0;
}
