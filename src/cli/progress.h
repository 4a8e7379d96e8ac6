// How far a long task is: a bar on a terminal, a line every five seconds elsewhere, or one JSON
// object a second for programs.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

#include "cli/options.h"

namespace lifeboat::cli {

class Progress {
public:
    enum class Style { kNone, kBar, kLines, kJson };
    static Style StyleFor(const OutputArguments& output, bool json);

    Progress(Style style, uint64_t total_bytes) : style_(style), total_(total_bytes) {}
    ~Progress() { ClearBar(); }

    // From any thread.
    std::atomic<uint64_t> bytes{0};
    std::atomic<uint64_t> rows{0};
    void SetRelation(const std::string& relation);

    // From the main thread.
    void SetPhase(const std::string& phase);
    void SetTotal(uint64_t total_bytes) { total_ = total_bytes; }
    void Tick(); // prints when it is time to
    void Done(); // phase "done", printed at once in JSON
    [[nodiscard]] double seconds() const;

private:
    void Print(bool phase_changed);
    void ClearBar();
    [[nodiscard]] std::string Line();
    [[nodiscard]] std::string Json();

    Style style_;
    uint64_t total_;
    std::string phase_;
    std::mutex mutex_; // relation_
    std::string relation_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point printed_{};
    bool bar_drawn_ = false;
};

// Moves the progress on wherever the main thread waits.
class TickingInterrupt final : public Interrupt {
public:
    TickingInterrupt(Interrupt& inner, Progress& progress) : inner_(inner), progress_(progress) {}
    void Check() override {
        inner_.Check();
        progress_.Tick();
    }

private:
    Interrupt& inner_;
    Progress& progress_;
};

} // namespace lifeboat::cli
