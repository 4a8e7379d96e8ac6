// Time zones by tzdata name, in any case, through the date library (system tzdata). Abbreviations and POSIX strings are refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace lifeboat {

struct LocalMinute {
    int year, month, day, hour, minute;
    auto operator<=>(const LocalMinute&) const = default;
};

class Zone {
public:
    // Throws Error(InvalidValue).
    static Zone Find(std::string_view name);
    [[nodiscard]] const std::string& name() const noexcept { return name_; } // canonical spelling
    [[nodiscard]] LocalMinute ToLocal(Instant when) const;                   // truncated to the minute

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
    const void* handle_ = nullptr; // date::time_zone, lives as long as the process
};

} // namespace lifeboat
