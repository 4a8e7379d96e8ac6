// Cutting a relation into segments: ranges of heap blocks that each stand for about the same bytes
// of heap and TOAST.
#pragma once

#include <vector>

#include "core/format/object.h"

namespace lifeboat {

struct RelationSize {
    uint32_t heap_blocks = 0;
    uint64_t toast_bytes = 0; // assumed to be spread evenly
    uint32_t block_size = 8192;
};

// Never empty for a relation with blocks; covers [0, heap_blocks) without holes; no segment under
// one block.
std::vector<BlockRange> CutSegments(const RelationSize& size, uint64_t target_bytes);

// Bytes of heap and TOAST that a range stands for: the weight in the work queue.
uint64_t SegmentWeight(const RelationSize& size, const BlockRange& range);

} // namespace lifeboat
