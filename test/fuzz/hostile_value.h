// A formatter on hostile bytes: nothing outside them is read (the sanitizer looks), what is
// declined has written nothing, and what is written is COPY TEXT.
#pragma once

#include <cstdlib>

#include "core/base/error.h"
#include "core/copytext/escape.h"
#include "core/copytext/type_format.h"

namespace lifeboat {

inline void FormatHostileValue(const TypeFormat& type, const uint8_t* data, size_t size) {
    TextCollector out;
    try {
        const bool done = type.format(type, reinterpret_cast<const char*>(data), size, out);
        if (done == out.text().empty()) std::abort();
    } catch (const Error& error) {
        if (error.code() != Errc::Damaged) std::abort();
        return;
    }
    if (!UnescapeCopyText(out.text())) std::abort();
    for (const char c : out.text()) {
        if (c >= '\b' && c <= '\r') std::abort();
    }
}

} // namespace lifeboat
