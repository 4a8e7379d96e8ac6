#include "cli/signals.h"

#include <atomic>
#include <csignal>
#include <string>

#include "core/base/error.h"

namespace lifeboat::cli {
namespace {

std::atomic<int> caught_signal{0};
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void RememberSignal(int number) {
    caught_signal.store(number, std::memory_order_relaxed);
}

const char* SignalName(int number) {
    switch (number) {
    case SIGINT: return "SIGINT";
    case SIGTERM: return "SIGTERM";
    default: return "SIGHUP";
    }
}

} // namespace

void InstallSignalHandlers() {
    struct sigaction action {};
    sigemptyset(&action.sa_mask);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction before {};
        sigaction(number, nullptr, &before);
        if (before.sa_handler == SIG_IGN) continue; // nohup, or a shell's background job
        action.sa_handler = RememberSignal;
        sigaction(number, &action, nullptr);
    }
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, nullptr);
}

void SignalInterrupt::Check() {
    const int number = caught_signal.load(std::memory_order_relaxed);
    if (number != 0)
        throw Error(Errc::Cancelled, std::string("interrupted by ") + SignalName(number));
}

} // namespace lifeboat::cli
