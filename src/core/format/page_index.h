// The page index: the last skippable frame of a data object. For each heap block of the range, how
// many bytes of text its rows take; for each zstd frame, where it begins in the compressed and in
// the uncompressed bytes. Little-endian; layout with a hex example in docs/design/format.md. Found
// from the end: the frame's last four bytes are its own total length.
#pragma once

#include <vector>

#include "core/format/object.h"

namespace lifeboat {

inline constexpr uint32_t kIdentityMagic = 0x184D2A5B;
inline constexpr uint32_t kPageIndexMagic = 0x184D2A5C;
inline constexpr uint32_t kMaxIdentityBytes = 65536;
inline constexpr uint32_t kMaxPageIndexBytes = 64U << 20;

struct FrameStart {
    uint64_t
        stored; // from the start of the zstd stream (before encryption), identity frame included
    uint64_t raw;
    bool operator==(const FrameStart&) const = default;
};

struct PageIndex {
    BlockRange blocks;
    std::vector<uint64_t> text_bytes; // one per block of the range
    std::vector<FrameStart> frames;
    bool operator==(const PageIndex&) const = default;
};

// Whole skippable frames, header included.
Buffer EncodeIdentityFrame(const Identity& identity);
Buffer EncodePageIndexFrame(const PageIndex& index);
// The payload without the 8-byte frame header. Throws Error(Damaged); also when the sums do not fit
// `raw_bytes`.
PageIndex DecodePageIndex(Bytes payload, uint64_t raw_bytes);

} // namespace lifeboat
