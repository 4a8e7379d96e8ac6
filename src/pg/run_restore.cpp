#include "pg/run_context.h"
namespace lifeboat::pg { void RunRestore(RunContext& run) { (void)run; throw Error(Errc::Internal, "not yet"); } }
