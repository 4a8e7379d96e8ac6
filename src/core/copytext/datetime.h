// Dates, times and intervals: DateStyle ISO, IntervalStyle postgres, TimeZone UTC.
//
// What the server itself would not accept (a time of day above 24:00, a year that it cannot store)
// is left to the output function.
#pragma once

#include "core/copytext/type_format.h"

namespace lifeboat {

bool FormatDate(const TypeFormat& type, const char* value, size_t size, TextOut& out);
bool FormatTime(const TypeFormat& type, const char* value, size_t size, TextOut& out);
bool FormatTimeTz(const TypeFormat& type, const char* value, size_t size, TextOut& out);
bool FormatTimestamp(const TypeFormat& type, const char* value, size_t size, TextOut& out);
bool FormatTimestampTz(const TypeFormat& type, const char* value, size_t size, TextOut& out);
// The lowest and the highest value are infinities since 17 and numbers before it: left to the
// output function.
bool FormatInterval(const TypeFormat& type, const char* value, size_t size, TextOut& out);

} // namespace lifeboat
