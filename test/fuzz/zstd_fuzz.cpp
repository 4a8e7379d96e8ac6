// The decoder of zstd frames on hostile bytes.
#include "core/compress/zstd.h"

#include "hostile_frames.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    lifeboat::ZstdFrameDecoder decoder;
    lifeboat::DecodeHostileFrames(decoder, data, size);
    return 0;
}
