// The decoder of lz4 frames on hostile bytes.
#include "core/compress/lz4.h"

#include "hostile_frames.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    lifeboat::Lz4FrameDecoder decoder;
    lifeboat::DecodeHostileFrames(decoder, data, size);
    return 0;
}
