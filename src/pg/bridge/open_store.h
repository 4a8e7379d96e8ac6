// Stores within a server process.
#pragma once

#include "core/store/location.h"

namespace lifeboat::pg {

// Opens the driver, whose threads end with the process even where that leaves without destructors.
// Touches nothing. `interrupt` outlives the store.
std::unique_ptr<Store> OpenInServer(const Location& location, const StoreOptions& options,
                                    Interrupt& interrupt);

} // namespace lifeboat::pg
