// A decoder of compressed frames on hostile bytes: it throws Error(Damaged) or makes progress, and
// never says more bytes were taken than given.
#pragma once

#include <algorithm>
#include <cstdlib>

#include "core/base/error.h"
#include "core/compress/compressor.h"

namespace lifeboat {

// A bomb is stopped by its sink, as in a restore.
inline constexpr uint64_t kMostContent = 1U << 22;

// The first byte chooses the size of the pieces that the decoder is fed.
inline void DecodeHostileFrames(FrameDecoder& decoder, const uint8_t* data, size_t size) {
    if (size == 0) return;
    const size_t piece = 1 + data[0];
    Bytes rest(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
    StringSink content(kMostContent);
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
}

} // namespace lifeboat
