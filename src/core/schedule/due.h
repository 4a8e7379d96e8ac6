// What is due: the launcher's question at every look at the clock, answered without a server.
//
// The state of a schedule is one timestamp, `handled_until` (column last_due): everything due up to
// and including it either has a run or a row `missed`. The launcher sets it to the present when a
// schedule is created, resumed, or gets another cron expression or time zone, so that nothing
// before counts. A look says what became due since:
// - The newest due time runs, when the look is in time (within kGrace) or catch_up is `latest`.
// - All others are missed, with the reason: the server was down, the clock jumped, and so on.
// The launcher writes these rows and the new handled_until, whenever it changed, in one
// transaction: then each due time leaves exactly one row, crashes at any moment included. It may
// sleep until next_look, but should look once a minute, since nobody wakes a sleeping process when
// the clock is set.
//
// Clock set back: due times that lie up to kMostRepeated ahead of the clock and are handled do not
// run again. What was handled still further ahead was handled by a clock that was wrong and binds
// nobody: such due times come again (`remark` says so). So nothing runs twice after a small
// correction, and no correction stops a schedule for longer than kMostRepeated.
//
// Interval schedules ("30 seconds") are counted from the last start, which is their handled_until;
// they never miss.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/schedule/cron.h"

namespace lifeboat {

enum class CatchUp { kLatest, kNone };

// The clock, seen by the launcher.
struct Look {
    Instant now{};
    std::optional<Instant>
        previous; // the clock at the look before, if it is known, another process's included
    // How long ago that was by a clock that nobody can set; empty when another process took it (the
    // launcher started since).
    std::optional<std::chrono::microseconds> elapsed;
    std::optional<Instant> server_started; // with `elapsed` empty: tells a server that was down
                                           // from a launcher that was
    std::string idle_reason; // when the launcher knows better why it did not look: "this server was
                             // a standby"
};

struct DueRun {
    Instant due{};      // the run's scheduled_for
    std::string note;   // a shifted time (Cron::Fire), else empty
    std::string reason; // why it is late, as in Missed; empty when it is in time
};

struct Missed {
    Instant due{};
    std::string reason; // "the server was down from 2026-11-20 01:59:30 to 2026-11-20 08:12:04
                        // (Europe/Berlin)"
};

struct DuePlan {
    std::optional<DueRun> run;
    std::vector<Missed>
        missed; // oldest first; beyond kMostMissed the last one stands for the rest and says so
    Instant handled_until{}; // the schedule's new state
    Instant next_look{};     // the next due time, later than now
    std::string
        remark; // the clock was set back so far that due times repeat: for the log; else empty
};

inline constexpr std::chrono::seconds kGrace{60};
inline constexpr std::chrono::hours kMostRepeated{1};
inline constexpr size_t kMostMissed = 1000;

// Throws what Cron::Next throws.
DuePlan WhatIsDue(const Cron& cron, const Zone& zone, CatchUp catch_up, Instant handled_until,
                  const Look& look);

} // namespace lifeboat
