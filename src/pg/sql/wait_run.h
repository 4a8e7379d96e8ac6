// A backend that waits for a run: progress as INFO lines, its own end ends the run, and a wait for
// itself is found out.
#pragma once

#include "pg/run/start_run.h"

namespace lifeboat::pg {

// Until the run's worker has written its row.
void WaitForRow(StartedRun& run);
// Until the run has ended well; throws its error otherwise.
void WaitForEnd(StartedRun& run);

} // namespace lifeboat::pg
