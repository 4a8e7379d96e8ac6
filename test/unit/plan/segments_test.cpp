#include "core/plan/segments.h"

#include <gtest/gtest.h>

#include <random>

namespace lifeboat {
namespace {

constexpr uint64_t kMiB = 1 << 20;

void ExpectCovers(const RelationSize& size, const std::vector<BlockRange>& segments) {
    uint32_t next = 0;
    uint64_t weight = 0;
    for (const auto& segment : segments) {
        EXPECT_EQ(segment.first, next);
        EXPECT_GT(segment.end, segment.first);
        next = segment.end;
        weight += SegmentWeight(size, segment);
    }
    EXPECT_EQ(next, size.heap_blocks);
    EXPECT_EQ(weight, SegmentWeight(size, {0, size.heap_blocks}));
}

TEST(CutSegments, NothingForAnEmptyRelation) {
    EXPECT_TRUE(CutSegments({0, 0, 8192}, 64 * kMiB).empty());
}

TEST(CutSegments, OneForASmallRelation) {
    const RelationSize size{10, 0, 8192};
    EXPECT_EQ(CutSegments(size, 64 * kMiB), (std::vector<BlockRange>{{0, 10}}));
    EXPECT_EQ(SegmentWeight(size, {0, 10}), 81920U);
}

TEST(CutSegments, OfEqualLength) {
    EXPECT_EQ(CutSegments({10, 0, 8192}, 30'000),
              (std::vector<BlockRange>{{0, 3}, {3, 6}, {6, 10}}));
    const RelationSize gigabyte{131072, 0, 8192};
    EXPECT_EQ(CutSegments(gigabyte, 64 * kMiB).size(), 16U);
    EXPECT_EQ(CutSegments({131073, 0, 8192}, 64 * kMiB).size(), 17U);
}

TEST(CutSegments, CountsToastAsWell) {
    // 3 GB of heap that carry 936 GB of TOAST: about 15,000 jobs, not 48.
    const RelationSize size{393216, 936ULL << 30, 8192};
    const auto segments = CutSegments(size, 64 * kMiB);
    EXPECT_EQ(segments.size(), 15024U);
    ExpectCovers(size, segments);
    for (const auto& segment : segments) EXPECT_LE(SegmentWeight(size, segment), 70 * kMiB);
}

TEST(CutSegments, NeverUnderABlock) {
    EXPECT_EQ(CutSegments({2, 100ULL << 30, 8192}, kMiB),
              (std::vector<BlockRange>{{0, 1}, {1, 2}}));
    EXPECT_EQ(CutSegments({3, 0, 8192}, 1), (std::vector<BlockRange>{{0, 1}, {1, 2}, {2, 3}}));
    EXPECT_EQ(CutSegments({3, 0, 8192}, 0).size(), 3U);
}

TEST(CutSegments, TheLargestRelationThereIs) {
    const RelationSize size{UINT32_MAX, 32ULL << 40, 32768};
    const auto segments = CutSegments(size, 1ULL << 30);
    ExpectCovers(size, segments);
    EXPECT_EQ(SegmentWeight(size, {0, UINT32_MAX}), uint64_t{UINT32_MAX} * 32768 + (32ULL << 40));
}

TEST(CutSegments, RandomSizesAreCoveredEvenly) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int round = 0; round < 500; ++round) {
        const RelationSize size{static_cast<uint32_t>(1 + random() % 100'000),
                                random() % (10ULL << 30), 8192};
        const uint64_t target = 1 + random() % (100 * kMiB);
        const auto segments = CutSegments(size, target);
        ExpectCovers(size, segments);
        const uint64_t block = SegmentWeight(size, {0, 1}) + 8192;
        for (const auto& segment : segments)
            ASSERT_LE(SegmentWeight(size, segment), target + 2 * block);
        if (HasFailure()) return;
    }
}

} // namespace
} // namespace lifeboat
