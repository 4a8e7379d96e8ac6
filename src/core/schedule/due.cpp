#include "core/schedule/due.h"

#include <algorithm>
#include <utility>

namespace lifeboat {
namespace {

// By how much the clock must have run away from the elapsed time before we say that somebody set
// it.
constexpr std::chrono::seconds kJump{30};

std::string Stretch(const Zone& zone, Instant from, Instant to) {
    return " from " + zone.Text(from) + " to " + zone.Text(to) + " (" + zone.name() + ")";
}

// Why nobody looked at the clock when a time was due.
std::string WhyLate(const Zone& zone, Instant due, const Look& look) {
    Instant from = look.previous ? std::min(*look.previous, due) : due;
    if (!look.idle_reason.empty()) return look.idle_reason + Stretch(zone, from, look.now);
    if (look.elapsed && look.previous) {
        const bool jumped = look.now - *look.previous > *look.elapsed + kJump;
        return (jumped ? "the clock jumped forward" : "the launcher was held up") +
               Stretch(zone, from, look.now);
    }
    if (look.server_started && *look.server_started <= look.now) {
        const Instant started = *look.server_started;
        if (started > due) {
            if (!look.previous)
                return "the server was down until " + zone.Text(started) + " (" + zone.name() + ")";
            return "the server was down" + Stretch(zone, from, started);
        }
        from = std::min(std::max(from, started), due);
    }
    return "the launcher was not running" + Stretch(zone, from, look.now);
}

DuePlan IntervalDue(const Cron& cron, Instant last_start, const Look& look) {
    DuePlan plan;
    plan.handled_until = std::min(last_start, look.now);
    const Instant due = plan.handled_until + cron.interval();
    if (due <= look.now) {
        plan.run.emplace();
        plan.run->due = due;
        plan.handled_until = look.now;
    }
    plan.next_look = plan.handled_until + cron.interval();
    return plan;
}

// All due times in (after, newest) are missed; past the limit one row stands for many.
void RecordMissed(const Cron& cron, const Zone& zone, Instant after, Instant newest,
                  const Look& look, DuePlan& plan) {
    for (auto fire = cron.Next(zone, after); fire.at < newest; fire = cron.Next(zone, fire.at)) {
        if (plan.missed.size() < kMostMissed) {
            plan.missed.push_back({fire.at, WhyLate(zone, fire.at, look)});
            continue;
        }
        const Instant last = cron.Last(zone, fire.at - std::chrono::microseconds{1},
                                       newest - std::chrono::microseconds{1})
                                 ->at;
        plan.missed.push_back({last, WhyLate(zone, last, look) +
                                         "; this row stands for all due times from " +
                                         zone.Text(fire.at) + " on"});
        return;
    }
}

} // namespace

DuePlan WhatIsDue(const Cron& cron, const Zone& zone, CatchUp catch_up, Instant handled_until,
                  const Look& look) {
    if (cron.is_interval()) return IntervalDue(cron, handled_until, look);
    DuePlan plan;
    plan.handled_until = std::min<Instant>(handled_until, look.now + kMostRepeated);
    if (plan.handled_until < handled_until) {
        plan.remark = "the clock was set back: due times after " + zone.Text(plan.handled_until) +
                      " up to " + zone.Text(handled_until) + " (" + zone.name() + ") come again";
    }
    auto newest = cron.Last(zone, plan.handled_until, look.now);
    if (newest) {
        RecordMissed(cron, zone, plan.handled_until, newest->at, look, plan);
        const bool in_time = look.now - newest->at <= kGrace;
        if (in_time || catch_up == CatchUp::kLatest) {
            plan.run = DueRun{newest->at, std::move(newest->note),
                              in_time ? "" : WhyLate(zone, newest->at, look)};
        } else {
            plan.missed.push_back({newest->at, WhyLate(zone, newest->at, look)});
        }
        plan.handled_until = newest->at;
    }
    plan.next_look = cron.Next(zone, std::max(plan.handled_until, look.now)).at;
    return plan;
}

} // namespace lifeboat
