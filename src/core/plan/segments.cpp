#include "core/plan/segments.h"

#include <algorithm>

namespace lifeboat {
namespace {

// Bytes that the first `blocks` blocks stand for. TOAST's share is split so that nothing overflows:
// the remainder is below 2^32.
uint64_t WeightBefore(const RelationSize& size, uint64_t blocks) {
    if (size.heap_blocks == 0) return 0;
    const uint64_t each = size.toast_bytes / size.heap_blocks;
    const uint64_t rest = size.toast_bytes % size.heap_blocks;
    return blocks * (size.block_size + each) + rest * blocks / size.heap_blocks;
}

} // namespace

std::vector<BlockRange> CutSegments(const RelationSize& size, uint64_t target_bytes) {
    const uint64_t total = WeightBefore(size, size.heap_blocks);
    const uint64_t target = std::max<uint64_t>(target_bytes, 1);
    const uint64_t count =
        std::min<uint64_t>(total / target + (total % target != 0 ? 1 : 0), size.heap_blocks);
    std::vector<BlockRange> segments;
    segments.reserve(count);
    uint64_t first = 0;
    for (uint64_t i = 1; i <= count; ++i) {
        const uint64_t end = size.heap_blocks * i / count; // of equal length, give or take a block
        segments.push_back({static_cast<uint32_t>(first), static_cast<uint32_t>(end)});
        first = end;
    }
    return segments;
}

uint64_t SegmentWeight(const RelationSize& size, const BlockRange& range) {
    return WeightBefore(size, range.end) - WeightBefore(size, range.first);
}

} // namespace lifeboat
