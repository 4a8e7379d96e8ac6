#include "pg/bridge/open_store.h"

#include "core/io/http.h"
#include "pg/bridge/bridge.h"

extern "C" {
#include <storage/ipc.h>
}

namespace lifeboat::pg {
namespace {

// A FATAL error leaves without destructors, and libraries free in atexit what threads still use.
void StopThreads(int /*code*/, Datum /*none*/) { HttpClient::StopAll(); }

} // namespace

std::unique_ptr<Store> OpenInServer(const Location& location, const StoreOptions& options,
                                    Interrupt& interrupt) {
    static bool registered = false;
    if (!registered) Pg([] { before_shmem_exit(StopThreads, Datum{0}); });
    registered = true;
    return OpenStore(location, options, interrupt);
}

} // namespace lifeboat::pg
