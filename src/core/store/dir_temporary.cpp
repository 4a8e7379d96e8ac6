#include "core/store/dir_temporary.h"

#include <signal.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>

namespace lifeboat {
namespace {

constexpr std::string_view kPrefix = ".tmp-";
constexpr size_t kHostDigits = 8;
constexpr size_t kRandomDigits = 16;

struct TemporaryName {
    pid_t pid = 0;
    std::string_view host;
};

// A pid means something only within one host and one pid namespace, while a store may be shared by
// many.
std::string HostTag() {
    std::string identity;
    utsname names{};
    if (uname(&names) == 0) identity = names.nodename;
    char space[64];
    const ssize_t length = readlink("/proc/self/ns/pid", space, sizeof(space));
    if (length > 0) identity.append("|").append(space, static_cast<size_t>(length));
    uint32_t hash = 2166136261U; // FNV-1a
    for (const char c : identity) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    char text[kHostDigits + 1];
    std::snprintf(text, sizeof(text), "%08x", hash);
    return text;
}

std::optional<TemporaryName> ParseTemporary(std::string_view name) noexcept {
    if (!name.starts_with(kPrefix)) return std::nullopt;
    name.remove_prefix(kPrefix.size());
    TemporaryName parsed;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), parsed.pid);
    if (error != std::errc{} || parsed.pid <= 0) return std::nullopt;
    name.remove_prefix(static_cast<size_t>(end - name.data()));
    if (name.size() != 1 + kHostDigits + kRandomDigits || name.front() != '-') return std::nullopt;
    name.remove_prefix(1);
    if (name.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
    parsed.host = name.substr(0, kHostDigits);
    return parsed;
}

} // namespace

std::string MakeTemporaryName() {
    uint64_t random = 0;
    while (getrandom(&random, sizeof(random), 0) != sizeof(random)) {
    }
    char text[kRandomDigits + 1];
    std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(random));
    return std::string(kPrefix) + std::to_string(getpid()) + "-" + HostTag() + text;
}

bool IsTemporaryName(std::string_view name) noexcept { return ParseTemporary(name).has_value(); }

bool IsStaleTemporary(std::string_view name, Instant modified, Instant now) {
    const auto parsed = ParseTemporary(name);
    if (!parsed) return false;
    if (now - modified > std::chrono::hours(24)) return true;
    return parsed->host == HostTag() && kill(parsed->pid, 0) != 0 && errno == ESRCH;
}

} // namespace lifeboat
