// How often something is tried again, and how long is waited between.
#pragma once

#include <chrono>
#include <functional>
#include <random>

#include "core/base/interrupt.h"
#include "core/store/store.h"

namespace lifeboat {

struct RetryPolicy {
    int attempts = 5; // in all
    std::chrono::milliseconds first_delay{200};
    std::chrono::milliseconds max_delay{10000};
    // Sleeps, interruptible; tests replace it.
    std::function<void(std::chrono::milliseconds)> sleep;
};

// Sleeps, looking at `interrupt` all the while.
void SleepFor(std::chrono::milliseconds time, Interrupt& interrupt);

// Exponential, with full jitter: many that were refused at once do not come back at once.
class Patience {
public:
    explicit Patience(RetryPolicy policy);

    // Called in a handler with the number of attempts that failed: sleeps, or rethrows when they
    // are used up.
    void After(int failures);

    // Until it does not throw a transient StoreError.
    template <typename Work>
    auto Try(Work work) {
        for (int failures = 1;; ++failures) {
            try {
                return work();
            } catch (const StoreError& error) {
                if (error.fault() != StoreFault::kTransient) throw;
                After(failures);
            }
        }
    }

private:
    RetryPolicy policy_;
    std::minstd_rand random_;
};

} // namespace lifeboat
