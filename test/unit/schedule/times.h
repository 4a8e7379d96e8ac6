// Times and seeds for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/schedule/zone.h"

namespace lifeboat::test {

// "2026-03-29T02:30:00Z"; "…T02:30Z" and "…T02:30:00+01:00" as well.
inline Instant At(std::string_view text) {
    auto number = [&](size_t pos, size_t length) {
        return std::stoi(std::string(text.substr(pos, length)));
    };
    using namespace std::chrono;
    const year_month_day day{year{number(0, 4)}, month(static_cast<unsigned>(number(5, 2))),
                             std::chrono::day(static_cast<unsigned>(number(8, 2)))};
    Instant when = sys_days{day} + hours{number(11, 2)} + minutes{number(14, 2)};
    size_t pos = 16;
    if (text.at(pos) == ':') {
        when += seconds{number(pos + 1, 2)};
        pos += 3;
    }
    if (text.at(pos) == 'Z') return when;
    const auto offset = hours{number(pos + 1, 2)} + minutes{number(pos + 4, 2)};
    return text[pos] == '-' ? when + offset : when - offset;
}

// As cron_cases.txt writes it: local time and offset.
inline std::string Stamp(const Zone& zone, Instant when) {
    const auto offset =
        std::chrono::duration_cast<std::chrono::minutes>(zone.SpanAt(when).offset).count();
    const auto size = offset < 0 ? -offset : offset;
    char text[16];
    std::snprintf(text, sizeof text, "%c%02d:%02d", offset < 0 ? '-' : '+',
                  static_cast<int>(size / 60), static_cast<int>(size % 60));
    std::string stamp = zone.Text(when) + text;
    stamp[10] = 'T';
    return stamp;
}

// A new one each time, printed; LIFEBOAT_SEED=… repeats a run.
inline unsigned Seed() {
    const char* given = std::getenv("LIFEBOAT_SEED");
    const unsigned seed = given ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
    std::cout << "seed " << seed << " (LIFEBOAT_SEED)\n";
    return seed;
}

// What `call` throws; a failure of the test when it throws nothing.
template <class Call>
Error Thrown(Call call) {
    try {
        call();
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return Error(Errc::Internal, "nothing was thrown");
}

} // namespace lifeboat::test
