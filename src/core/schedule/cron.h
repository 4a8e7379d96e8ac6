// Cron expressions as pg_cron users know them, minus what never fires (shared grammar: docs/cron.md), and when they fire next.
#pragma once

#include <bitset>
#include <string>
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
    // The first one after `after` (exclusive). Never empty: an expression that could never fire does not parse.
    [[nodiscard]] Fire Next(const Zone& zone, Instant after) const;
    [[nodiscard]] std::vector<Fire> NextRuns(const Zone& zone, Instant after, int count) const;

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] bool is_interval() const noexcept { return interval_seconds_ > 0; }

private:
    Cron() = default;
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
