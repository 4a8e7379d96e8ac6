// Cron expressions and time zone names from anybody: they parse or throw Error(InvalidValue) with
// all three parts, and what parses fires in order, in time, and where Last() finds it again.
//
// The first four bytes choose the instant, the fifth the zone; the rest is the expression. With bit
// 7 of the fifth byte set the rest is a zone's name instead.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "core/base/error.h"
#include "core/schedule/cron.h"

namespace {

using namespace lifeboat;

constexpr size_t kHead = 5;

void Require(bool holds) {
    if (!holds) std::abort();
}

void CheckRefusal(const Error& error) {
    Require(error.code() == Errc::InvalidValue);
    Require(!error.message().empty() && !error.detail().empty() && !error.hint().empty());
    Require(error.message().size() < 1000 && error.detail().size() < 2000);
}

const Zone& ZoneNumber(uint8_t number) {
    static const Zone zones[] = {Zone::Find("UTC"),
                                 Zone::Find("Europe/Berlin"),
                                 Zone::Find("America/New_York"),
                                 Zone::Find("Australia/Lord_Howe"),
                                 Zone::Find("America/Santiago"),
                                 Zone::Find("Pacific/Apia"),
                                 Zone::Find("Africa/Casablanca"),
                                 Zone::Find("Asia/Kathmandu")};
    return zones[number % std::size(zones)];
}

void CheckRuns(const Cron& cron, const Zone& zone, Instant start) {
    const auto runs = cron.NextRuns(zone, start, 4);
    Instant before = start;
    for (const auto& run : runs) {
        Require(run.at > before);
        before = run.at;
    }
    if (cron.is_interval()) return; // counted from wherever one starts
    Require(cron.Next(zone, runs[0].at - std::chrono::microseconds(1)).at == runs[0].at);
    Require(cron.Last(zone, start, runs[3].at).value().at == runs[3].at);
    Require(cron.Last(zone, start, runs[3].at - std::chrono::microseconds(1)).value().at ==
            runs[2].at);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < kHead) return 0;
    uint32_t minute = 0;
    std::memcpy(&minute, data, sizeof minute);
    const std::string_view text(reinterpret_cast<const char*>(data) + kHead, size - kHead);
    try {
        if ((data[4] & 0x80) != 0) {
            const Zone zone = Zone::Find(text);
            Require(Zone::Find(zone.name()).name() == zone.name());
            return 0;
        }
        const Cron cron = Cron::Parse(text);
        Require(cron.text() == text);
        // From 1970 into the years when the listed transitions have ended.
        const Instant start{std::chrono::minutes(minute % 80'000'000)};
        CheckRuns(cron, ZoneNumber(data[4]), start);
    } catch (const Error& error) {
        CheckRefusal(error);
    }
    return 0;
}
