// Instants, and how they are written in a store: UTC, seconds or microseconds, never local time.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace lifeboat {

using Instant = std::chrono::sys_time<std::chrono::microseconds>;

Instant Now();
// 20261120T021500Z, as in backup ids.
std::string CompactUtc(Instant when);
// 2026-11-20T02:15:00.123456Z, as in manifests (always six digits).
std::string Rfc3339(Instant when);
std::optional<Instant> ParseRfc3339(std::string_view text);
// The same with any number of digits, or none: as services write it.
std::optional<Instant> ParseUtc(std::string_view text);

} // namespace lifeboat
