// PostgreSQL's headers, once, wrapped for C++. Every file of src/pg includes this before anything
// of the server's.
#pragma once

// The standard library first: postgres.h redefines names such as gettext and printf that its
// headers use.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern "C" {
#include <postgres.h>
// its own order
#include <access/xact.h>
#include <fmgr.h>
#include <miscadmin.h>
#include <utils/elog.h>
#include <utils/memutils.h>
}

// postgres.h replaces these with its own versions, which breaks libstdc++ and fmt headers that come
// later.
#undef printf
#undef fprintf
#undef sprintf
#undef snprintf
#undef vprintf
#undef vfprintf
#undef vsprintf
#undef vsnprintf
#undef strerror
#undef strerror_r
#undef gettext
#undef dgettext
#undef ngettext
#undef dngettext
#undef Abs
#undef Min
#undef Max
