// The names of files that are being written: .tmp-<pid>-<8 hex of the host><16 hex random>.
#pragma once

#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace lifeboat {

std::string MakeTemporaryName();
bool IsTemporaryName(std::string_view name) noexcept;
// The writer is gone: its process on this host has ended, or, wherever it ran, it has not written
// for a day.
bool IsStaleTemporary(std::string_view name, Instant modified, Instant now);

} // namespace lifeboat
