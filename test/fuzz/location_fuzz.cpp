// Store URLs: whatever is typed is refused with InvalidValue, or gives an absolute, normalised path
// that survives a round trip.
#include <cstdlib>

#include "core/store/location.h"

using namespace lifeboat;

namespace {

void Require(bool condition) {
    if (!condition) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view url(reinterpret_cast<const char*>(data), size);
    try {
        const Location location = ParseLocation(url);
        Require(location.scheme == "file" && location.path.starts_with('/') &&
                location.path.size() > 1);
        Require(!location.path.ends_with('/'));
        const std::string inside = location.path + "/";
        for (const char* bad : {"//", "/./", "/../"})
            Require(inside.find(bad) == std::string::npos);
        for (const char c : location.path)
            Require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
        Require(ParseLocation(location.Url()).path == location.path);
    } catch (const Error& error) {
        Require(error.code() == Errc::InvalidValue);
        for (const char c : error.message()) Require(static_cast<unsigned char>(c) >= 0x20);
    }
    return 0;
}
