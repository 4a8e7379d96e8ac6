// What every driver gets from outside: retries, a bandwidth limit, a log, and faults for tests.
// Each is a Store around a Store.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "core/store/patience.h"
#include "core/store/store.h"

namespace lifeboat {

// Repeats what failed with kTransient: exponential, with full jitter, capped. A created object is
// buffered only as far as the driver needs it: Create is retried when the sink could not be opened
// or (with `buffer_limit` > 0) when Finish failed and at most that many bytes were kept. A repeated
// Create that finds its own object there (kExists after a transient failure) compares size and
// bytes and takes it as done.
std::unique_ptr<Store> WithRetry(std::unique_ptr<Store> inner, RetryPolicy policy,
                                 uint64_t buffer_limit);

// At most `bytes_per_second` in both directions together, smoothed over a second.
std::unique_ptr<Store> WithLimit(std::unique_ptr<Store> inner, uint64_t bytes_per_second,
                                 std::function<void(std::chrono::milliseconds)> sleep);

struct StoreCall {
    std::string_view operation; // "create", "get", "stat", "list", "remove"; "abort": a stream that
                                // was left before its end
    std::string_view name;
    uint64_t bytes = 0;
    std::chrono::microseconds elapsed{};
    const Error* error = nullptr;
};
std::unique_ptr<Store> WithLog(std::unique_ptr<Store> inner,
                               std::function<void(const StoreCall&)> log);

// Faults: called before each operation ("create", "get", "stat", "list", "remove"), before each 256
// KiB of a stream ("write", "read"), and before and after a sink's end ("finish", "finished": the
// object is there, the acknowledgement is lost); throws what it wants to be thrown.
using FaultHook =
    std::function<void(std::string_view operation, std::string_view name, uint64_t offset)>;
std::unique_ptr<Store> WithFaults(std::unique_ptr<Store> inner, FaultHook hook);

} // namespace lifeboat
