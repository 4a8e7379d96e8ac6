#include "core/store/store_name.h"

namespace lifeboat {
namespace {

constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789_.-/AHMSTUZ";

} // namespace

bool IsStorePath(std::string_view name) noexcept {
    if (name.empty() || name.size() > kMaxStoreNameBytes || name.back() == '/') return false;
    char before = '/';
    for (const char c : name) {
        if (kNameCharacters.find(c) == std::string_view::npos) return false;
        if (before == '/' && (c == '/' || c == '.')) return false;
        before = c;
    }
    return true;
}

void CheckStoreName(std::string_view name) {
    if (IsStorePath(name)) return;
    throw Error(Errc::InvalidValue, "\"" + Printable(name) + "\" is not a name of a stored object",
                "Names are lower-case ASCII components joined by \"/\", none of them beginning "
                "with a dot.");
}

std::string_view CheckStorePrefix(std::string_view prefix) {
    if (prefix.ends_with('/')) prefix.remove_suffix(1);
    if (!prefix.empty()) CheckStoreName(prefix);
    return prefix;
}

bool IsBelow(std::string_view name, std::string_view prefix) noexcept {
    if (prefix.empty()) return true;
    return name.size() > prefix.size() && name[prefix.size()] == '/' && name.starts_with(prefix);
}

StoreError ObjectAbsent(std::string_view name, std::string_view url) {
    return {
        StoreFault::kNotFound, Errc::NotFound,
        "object \"" + Printable(name) + "\" does not exist in store \"" + Printable(url) + "\""};
}

StoreError ObjectExists(std::string_view name, std::string_view url) {
    return {
        StoreFault::kExists, Errc::Duplicate,
        "object \"" + Printable(name) + "\" already exists in store \"" + Printable(url) + "\""};
}

} // namespace lifeboat
