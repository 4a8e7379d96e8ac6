#include "core/store/store.h"

#include <algorithm>

#include "core/store/store_name.h"

namespace lifeboat {

void Store::Put(std::string_view name, Bytes bytes) {
    const auto sink = Create(name);
    sink->Write(bytes);
    sink->Finish();
}

std::string Store::Read(std::string_view name, uint64_t limit) {
    constexpr size_t kPiece = 64 << 10;
    const auto source = Get(name);
    std::string text;
    for (;;) {
        const size_t had = text.size();
        text.resize(had + kPiece);
        const auto room = std::as_writable_bytes(std::span(text)).subspan(had);
        const size_t got = source->Read(room);
        text.resize(had + got);
        if (got == 0) return text;
        if (text.size() > limit) {
            throw Error(Errc::Damaged,
                        "object \"" + Printable(name) + "\" is larger than " +
                            std::to_string(limit) + " bytes",
                        "An object of this kind is never that large.");
        }
    }
}

void Store::StatEach(std::span<const std::string_view> names,
                     const std::function<void(const StoreObject&)>& visit) {
    for (const std::string_view name : names) visit(Stat(name));
}

bool Store::Exists(std::string_view name) {
    try {
        Stat(name);
        return true;
    } catch (const StoreError& error) {
        if (error.fault() == StoreFault::kNotFound) return false;
        throw;
    }
}

} // namespace lifeboat
