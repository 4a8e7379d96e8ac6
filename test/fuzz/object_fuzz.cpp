// The inside of an object in pieces of any size: the first byte says how large they are and whether
// a page index is expected.
#include <algorithm>
#include <cstdlib>

#include "core/base/error.h"
#include "core/format/frame_reader.h"

namespace {

constexpr uint64_t kRawLimit = 1 << 20;

class CountingSink final : public lifeboat::Sink {
public:
    void Write(lifeboat::Bytes bytes) override { count += bytes.size(); }
    void Finish() override {}
    uint64_t count = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    const size_t piece = 1 + (data[0] >> 1U);
    CountingSink text;
    try {
        lifeboat::FrameReader reader(text, {kRawLimit, (data[0] & 1U) != 0, {}});
        lifeboat::Bytes rest(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
        while (!rest.empty()) {
            const size_t length = std::min(piece, rest.size());
            reader.Write(rest.first(length));
            rest = rest.subspan(length);
        }
        reader.Finish();
    } catch (const lifeboat::Error&) {
    }
    if (text.count > kRawLimit) std::abort();
    return 0;
}
