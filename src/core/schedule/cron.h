// Cron expressions as pg_cron users know them, minus what never fires (shared grammar:
// docs/cron.md), and when they fire next.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/schedule/zone.h"

namespace lifeboat {

class Cron {
public:
    // Throws Error(InvalidValue) naming the field and the value, with a hint.
    static Cron Parse(std::string_view text);

    struct Fire {
        Instant at{};
        std::string note; // "02:30 does not exist on 2026-03-29, runs at 03:00", else empty
    };
    // The first one after `after` (exclusive). An expression that could never fire does not parse;
    // Error(InvalidValue) is left for one whose every time falls into a zone's daylight-saving
    // gaps, and for `after` outside the years 1 to 9800.
    [[nodiscard]] Fire Next(const Zone& zone, Instant after) const;
    // Throws Error(InvalidValue) unless 0 <= count <= kMostRuns.
    [[nodiscard]] std::vector<Fire> NextRuns(const Zone& zone, Instant after, int count) const;
    // The last one in (after, until], without walking through those before it.
    [[nodiscard]] std::optional<Fire> Last(const Zone& zone, Instant after, Instant until) const;

    static constexpr int kMostRuns = 10'000;

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] bool is_interval() const noexcept { return interval_seconds_ > 0; }
    [[nodiscard]] std::chrono::seconds interval() const noexcept {
        return std::chrono::seconds(interval_seconds_);
    }

private:
    Cron() = default;
    void ParseInterval(std::string_view text);
    void ParseFields(const std::vector<std::string_view>& fields);
    void RefuseWhatNeverFires(const std::vector<std::string_view>& fields) const;

    using Wall = std::chrono::local_time<std::chrono::minutes>; // what a clock on the wall shows
    [[nodiscard]] bool MatchesDay(std::chrono::year_month_day day) const;
    [[nodiscard]] bool Matches(Wall wall) const;
    [[nodiscard]] std::optional<Wall> NextWall(Wall from, Wall horizon) const; // from is inclusive
    [[nodiscard]] std::optional<Fire> NextFixed(const Zone& zone, Instant after,
                                                Wall horizon) const;
    [[nodiscard]] std::optional<Fire> NextWild(const Zone& zone, Instant after, Wall horizon) const;

    std::string text_;
    int interval_seconds_ = 0;
    std::bitset<60> minutes_;
    std::bitset<24> hours_;
    std::bitset<32> days_;
    std::bitset<13> months_;
    std::bitset<7> weekdays_;
    bool last_day_ = false;
    bool day_star_ = false;
    bool weekday_star_ = false;
    bool wild_time_ = false; // minute or hour begins with '*'
};

} // namespace lifeboat
