#include "pg/leader/leader_jobs.h"

#include <algorithm>

namespace lifeboat::pg {
namespace {

void AddTable(Jobs& jobs, const Table& table, uint32_t index, uint64_t segment_bytes) {
    std::vector<Job>& list = table.parallel_safe ? jobs.parallel : jobs.serial;
    Job job{JobKind::kTable, index, table.oid, false, {}, {}, table.bytes()};
    if (!table.heap || table.size.heap_blocks == 0) {
        list.push_back(job);
        return;
    }
    for (const BlockRange& range : CutSegments(table.size, segment_bytes)) {
        job.has_blocks = true;
        job.blocks = range;
        job.weight = SegmentWeight(table.size, range);
        list.push_back(job);
    }
}

// Small enough that no worker is left alone with the last segment for long, and never so small that
// objects become many.
uint64_t SegmentTarget(const LeaderRequest& request, const Contents& contents) {
    constexpr uint64_t kSegmentsPerWorker = 48;
    constexpr uint64_t kLeastBytes = 16 << 20;
    uint64_t bytes = 0;
    for (const Table& table : contents.tables) bytes += table.bytes();
    const auto workers = static_cast<uint64_t>(std::max(request.workers, 1));
    const uint64_t even = std::max(bytes / (workers * kSegmentsPerWorker), kLeastBytes);
    return std::min(even, request.segment_bytes);
}

} // namespace

Jobs MakeJobs(const LeaderRequest& request, const Contents& contents,
              const LargeObjectPlan& large_objects) {
    Jobs jobs;
    const uint64_t segment_bytes = SegmentTarget(request, contents);
    for (size_t i = 0; i < contents.tables.size(); ++i) {
        AddTable(jobs, contents.tables[i], static_cast<uint32_t>(i), segment_bytes);
    }
    std::stable_sort(jobs.parallel.begin(), jobs.parallel.end(),
                     [](const Job& a, const Job& b) { return a.weight > b.weight; });
    const size_t ranges = large_objects.ranges.size();
    for (size_t i = 0; i < ranges; ++i) {
        jobs.parallel.push_back({JobKind::kLargeObjects,
                                 static_cast<uint32_t>(i),
                                 InvalidOid,
                                 false,
                                 {},
                                 large_objects.ranges[i],
                                 large_objects.bytes / ranges});
    }
    return jobs;
}

} // namespace lifeboat::pg
