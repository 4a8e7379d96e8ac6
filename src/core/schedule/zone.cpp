#include "core/schedule/zone.h"

// The library is built with these; its headers must agree.
#ifndef USE_OS_TZDB
#define USE_OS_TZDB 1
#endif
#ifndef ONLY_C_LOCALE
#define ONLY_C_LOCALE 1
#endif
#ifndef HAS_STRING_VIEW
#define HAS_STRING_VIEW 1
#endif
#include <date/tz.h>
namespace Posix {
using date::hh_mm_ss; // as C++20 ptz.h would else not know which of two it means
}
#include <date/ptz.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/error.h"

namespace lifeboat {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr char kExampleHint[] =
    "Use a tzdata name such as Europe/Berlin or UTC; SELECT name FROM pg_timezone_names lists "
    "them.";
// No zone was ever further from UTC (Manila's local mean time: -15:56).
constexpr hours kLargestOffset{16};

// The library knows the transitions that a zone's file lists. The rule for all later years (after
// 2037, or after the last change of law where tzdata was built slim) is the POSIX string at the
// file's end, which the library reads only on request.
struct Rules {
    const date::time_zone* listed;
    std::optional<Posix::time_zone> later;
};

bool IsAlpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool SameName(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return Lower(x) == Lower(y); });
}

const date::tzdb& Database() {
    try {
        return date::get_tzdb();
    } catch (const std::exception& e) {
        throw Error(Errc::WrongState, "the time zone database cannot be read",
                    std::string("The library says: ") + e.what(), "Install the package tzdata.");
    }
}

// Names that the library lists because files of that name exist, but that are no zones.
bool IsZoneName(std::string_view name) {
    static constexpr std::string_view kOthers[] = {"localtime", "posixrules", "leapseconds",
                                                   "Factory", "SECURITY"};
    return name.find('.') == std::string_view::npos &&
           std::ranges::find(kOthers, name) == std::end(kOthers);
}

// "Berlin" and "new york" are what people type; the last part of a name tells what they mean.
std::string Suggestion(std::string_view wanted) {
    std::string spelled(wanted);
    std::ranges::replace(spelled, ' ', '_');
    for (const auto& zone : Database().zones) {
        const std::string_view name = zone.name();
        const size_t slash = name.rfind('/');
        if (!IsZoneName(name)) continue;
        if (SameName(name, spelled) ||
            (slash != name.npos && SameName(name.substr(slash + 1), spelled))) {
            return std::string(name);
        }
    }
    return {};
}

[[noreturn]] void Refuse(std::string_view name) {
    const std::string message = "unknown time zone \"" + Printable(name) + "\"";
    if (name.empty()) throw Error(Errc::InvalidValue, message, "The name is empty.", kExampleHint);
    if (SameName(name, "localtime") || SameName(name, "posixrules")) {
        throw Error(Errc::InvalidValue, message,
                    "That is whatever this machine is set to, not a time zone's name.",
                    kExampleHint);
    }
    if (name.find_first_of("0123456789+<>") != name.npos || name.front() == '-') {
        throw Error(Errc::InvalidValue, message,
                    "An offset or a POSIX string is not a time zone's name and does not follow "
                    "changes of the law.",
                    std::string(kExampleHint) +
                        " For a fixed offset, Etc/GMT-2 is two hours east of Greenwich.");
    }
    if (const std::string suggestion = Suggestion(name); !suggestion.empty()) {
        throw Error(Errc::InvalidValue, message, "No time zone has exactly that name.",
                    "Did you mean " + suggestion + "?");
    }
    if (name.size() <= 5 && std::ranges::all_of(name, IsAlpha)) {
        throw Error(
            Errc::InvalidValue, message,
            "An abbreviation is not a time zone's name: it does not say when clocks change.",
            kExampleHint);
    }
    throw Error(Errc::InvalidValue, message, "The time zone database (tzdata) has no such name.",
                kExampleHint);
}

std::optional<Posix::time_zone> RuleForLaterYears(const std::string& name) {
    std::ifstream file("/usr/share/zoneinfo/" + name, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    if (!content.starts_with("TZif") || content.back() != '\n') return std::nullopt;
    const size_t start = content.rfind('\n', content.size() - 2) + 1;
    const std::string_view rule(content.data() + start, content.size() - 1 - start);
    if (rule.find(',') == rule.npos)
        return std::nullopt; // no daylight saving: the last listed offset stays
    try {
        return Posix::time_zone(rule);
    } catch (const std::exception&) {
        return std::nullopt; // a form that the library does not know (Nuuk's negative hour): the
                             // last offset stays
    }
}

const Rules* Load(const date::time_zone& zone) {
    static std::mutex mutex;
    static std::map<std::string, Rules, std::less<>> loaded;
    const std::scoped_lock lock(mutex);
    if (const auto found = loaded.find(zone.name()); found != loaded.end()) return &found->second;
    try {
        (void)zone.get_info(sys_seconds{}); // reads the file
        return &loaded.emplace(zone.name(), Rules{&zone, RuleForLaterYears(zone.name())})
                    .first->second;
    } catch (const std::exception& e) {
        throw Error(Errc::InvalidValue, "time zone \"" + zone.name() + "\" cannot be read",
                    std::string("The library says: ") + e.what(), "Reinstall the package tzdata.");
    }
}

sys_seconds AsSeconds(Instant when) { return std::chrono::floor<seconds>(when); }

} // namespace

Wall ToWall(const LocalMinute& local) {
    const std::chrono::year_month_day day{std::chrono::year{local.year},
                                          std::chrono::month{static_cast<unsigned>(local.month)},
                                          std::chrono::day{static_cast<unsigned>(local.day)}};
    return std::chrono::local_days{day} + hours{local.hour} + minutes{local.minute};
}

LocalMinute FromWall(Wall wall) {
    const auto midnight = std::chrono::floor<days>(wall);
    const std::chrono::year_month_day day{midnight};
    const auto minute = static_cast<int>((wall - midnight).count());
    return {static_cast<int>(day.year()), static_cast<int>(static_cast<unsigned>(day.month())),
            static_cast<int>(static_cast<unsigned>(day.day())), minute / 60, minute % 60};
}

Zone Zone::Find(std::string_view name) {
    for (const auto& candidate : Database().zones) {
        if (!SameName(candidate.name(), name) || !IsZoneName(candidate.name())) continue;
        Zone zone;
        zone.name_ = candidate.name();
        zone.handle_ = Load(candidate);
        return zone;
    }
    Refuse(name);
}

Zone::Span Zone::SpanAt(Instant when) const {
    const auto& rules = *static_cast<const Rules*>(handle_);
    const auto listed = rules.listed->get_info(AsSeconds(when));
    const bool is_last = listed.end >= sys_days{std::chrono::year{9999} / 1 / 1};
    if (!is_last || !rules.later) return {listed.begin, listed.end, listed.offset};
    const auto later = rules.later->get_info(AsSeconds(when));
    return {std::max(listed.begin, later.begin), later.end, later.offset};
}

LocalMinute Zone::ToLocal(Instant when) const {
    const sys_seconds local = AsSeconds(when) + SpanAt(when).offset;
    return FromWall(
        std::chrono::floor<minutes>(std::chrono::local_seconds{local.time_since_epoch()}));
}

std::string Zone::Text(Instant when) const {
    const LocalMinute at = ToLocal(when);
    const auto second = (AsSeconds(when) + SpanAt(when).offset).time_since_epoch().count() % 60;
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d:%02d", at.year, at.month, at.day,
                  at.hour, at.minute, static_cast<int>((second + 60) % 60));
    return text;
}

Zone::Mapping Zone::ToInstant(const LocalMinute& local) const {
    const sys_seconds wall{ToWall(local).time_since_epoch()};
    std::vector<Instant> found;
    Instant after_gap{};
    bool passed = false; // in an earlier span the wall time lay beyond its end
    for (Span span = SpanAt(wall - kLargestOffset);; span = SpanAt(span.end)) {
        const Instant when = wall - span.offset;
        if (when >= span.begin && when < span.end) found.push_back(when);
        if (passed && when < span.begin) {
            after_gap = span.begin;
            break;
        }
        passed = when >= span.end;
        if (span.end > wall + kLargestOffset) break;
    }
    if (found.empty()) return {Kind::kGap, after_gap, after_gap};
    return {found.size() == 1 ? Kind::kUnique : Kind::kTwice, found.front(), found.back()};
}

} // namespace lifeboat
