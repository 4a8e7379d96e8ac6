#include "core/store/patience.h"

#include <algorithm>
#include <thread>

namespace lifeboat {

void SleepFor(std::chrono::milliseconds time, Interrupt& interrupt) {
    constexpr std::chrono::milliseconds kSlice{100};
    for (; time.count() > 0; time -= kSlice) {
        interrupt.Check();
        std::this_thread::sleep_for(std::min(time, kSlice));
    }
    interrupt.Check();
}

Patience::Patience(RetryPolicy policy)
    : policy_(std::move(policy)), random_(std::random_device{}()) {
    if (policy_.sleep) return;
    policy_.sleep = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
}

void Patience::After(int failures) {
    if (failures >= policy_.attempts) throw;
    const int doublings = std::min(failures - 1, 20);
    const auto most = std::min(policy_.max_delay, policy_.first_delay * (int64_t{1} << doublings));
    std::uniform_int_distribution<int64_t> jitter(0, most.count());
    policy_.sleep(std::chrono::milliseconds(jitter(random_)));
}

} // namespace lifeboat
