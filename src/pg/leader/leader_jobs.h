// The data of a backup, cut into jobs.
#pragma once

#include "pg/leader/leader.h"
#include "pg/leader/work_queue.h"

namespace lifeboat::pg {

struct Jobs {
    std::vector<Job> parallel; // tables heaviest first, then large objects
    std::vector<Job> serial;   // by the leader: types whose output functions are not parallel safe
};

Jobs MakeJobs(const LeaderRequest& request, const Contents& contents,
              const LargeObjectPlan& large_objects);

} // namespace lifeboat::pg
