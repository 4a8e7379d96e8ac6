// Table patterns: whatever is typed is refused with InvalidValue or can be matched; a quoted name
// matches itself.
#include <cstdint>
#include <cstdlib>

#include "core/plan/restore_plan.h"

using namespace lifeboat;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const size_t middle = size / 2;
    try {
        (void)TablePattern::Parse(text.substr(0, middle)).Matches(text.substr(middle), text);
    } catch (const Error& error) {
        if (error.code() != Errc::InvalidValue) std::abort();
    }
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    quoted += '"';
    if (!text.empty() && !TablePattern::Parse(quoted).Matches("any", text)) std::abort();
    return 0;
}
