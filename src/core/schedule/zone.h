// Time zones by tzdata name, in any case, through the date library (system tzdata).
//
// A zone is a name of the tz database, links such as US/Eastern and UTC included. What does not say
// when clocks change is refused: abbreviations (CEST), offsets and POSIX strings (+02, <+02>-02),
// and whatever the machine happens to be set to (localtime, posixrules). Rules are read once per
// process and zone; newer tzdata shows after a restart.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace lifeboat {

struct LocalMinute {
    int year, month, day, hour, minute;
    auto operator<=>(const LocalMinute&) const = default;
};
// The same as a number to reckon with.
using Wall = std::chrono::local_time<std::chrono::minutes>;
Wall ToWall(const LocalMinute& local);
LocalMinute FromWall(Wall wall);

class Zone {
public:
    // Throws Error(InvalidValue), and Error(WrongState) when the machine has no tz database.
    static Zone Find(std::string_view name);
    [[nodiscard]] const std::string& name() const noexcept { return name_; } // canonical spelling

    // A stretch of time with one offset from UTC: [begin, end).
    struct Span {
        Instant begin;
        Instant end;
        std::chrono::seconds offset; // local time minus UTC
    };
    [[nodiscard]] Span SpanAt(Instant when) const;

    [[nodiscard]] LocalMinute ToLocal(Instant when) const; // truncated to the minute
    // "2026-03-29 02:30:00", for people.
    [[nodiscard]] std::string Text(Instant when) const;

    enum class Kind { kUnique, kGap, kTwice };
    struct Mapping {
        Kind kind;
        Instant first;  // unique, or the first of two; in a gap: the first instant after the gap
        Instant second; // the second of two, else equal to first
    };
    [[nodiscard]] Mapping ToInstant(const LocalMinute& local) const;

private:
    Zone() = default;
    std::string name_;
    const void* handle_ = nullptr; // the zone's rules, which live as long as the process
};

} // namespace lifeboat
