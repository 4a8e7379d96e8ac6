#include "pg/this_cluster.h"

#include <climits>
#include <cstdlib>

namespace lifeboat::pg {

std::string DataDirectory() {
    char resolved[PATH_MAX];
    return realpath(DataDir, resolved) != nullptr ? resolved : DataDir;
}

bool IsOfThisCluster(const ScheduleRecord& schedule) {
    return schedule.system_identifier == SystemIdentifier() &&
           schedule.data_directory == DataDirectory();
}

} // namespace lifeboat::pg
