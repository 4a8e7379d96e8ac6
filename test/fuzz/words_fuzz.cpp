// The short texts that come from users, catalogs and stores: what is accepted is printed in the one
// form that is read again as the same.
#include <cstdlib>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/compress/compression.h"
#include "core/crypto/secret_source.h"
#include "core/format/object.h"
#include "core/schedule/retention.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace lifeboat;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        const Compression compression = Compression::Parse(text);
        if (Compression::ParsePrinted(compression.Print()) != compression) std::abort();
    } catch (const Error& error) {
        if (error.code() != Errc::InvalidValue) std::abort();
    }
    try {
        ParseSecretSource(text, "secret", size % 2 == 0);
    } catch (const Error& error) {
        if (error.code() != Errc::InvalidValue) std::abort();
    }
    try {
        const Identity identity = ParseIdentity(text);
        if (IdentityJson(ParseIdentity(IdentityJson(identity))) != IdentityJson(identity))
            std::abort();
    } catch (const Error& error) {
        if (error.code() != Errc::Damaged && error.code() != Errc::Unsupported) std::abort();
    }
    try {
        static const Zone zone = Zone::Find("Europe/Berlin");
        static constexpr Instant kWhen{std::chrono::seconds(1795140900)};
        if (Before(zone, kWhen, ParseKeepPeriod(text, "within")) >= kWhen) std::abort();
    } catch (const Error& error) {
        if (error.code() != Errc::InvalidValue) std::abort();
    }
    if (const auto when = ParseRfc3339(text)) {
        if (Rfc3339(*when) != text) std::abort();
    }
    return 0;
}
