// The options of a schedule: one list, by which backup_schedule and backup_alter_schedule read
// their arguments, check them and write the row.
#pragma once

#include "pg/catalog/rights.h"

namespace lifeboat::pg {

struct ScheduleOption {
    const char* name;     // argument and column
    const char* type;     // of the column
    const char* fallback; // the default as text; nullptr: NULL
    bool reserved;        // any other value than the default is refused
};

// In the order of the functions' arguments, from the second on.
std::span<const ScheduleOption> ScheduleOptions();

using OptionValues = std::map<std::string, Value>;

// Checks everything and puts values into their normal form (time zone, store, compression). Run as
// the extension's owner. `zone_was_defaulted`: the hint says how to name another one.
void CheckScheduleOptions(const Home& home, Oid owner, OptionValues& values,
                          bool zone_was_defaulted);

} // namespace lifeboat::pg
