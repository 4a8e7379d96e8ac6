#include "core/store/location.h"

#include <algorithm>
#include <charconv>
#include <thread>

#include "core/base/interrupt.h"
#include "core/store/decorators.h"
#include "core/store/dir_store.h"

namespace lifeboat {
namespace {

constexpr std::string_view kFileHint =
    "Write file:/// and an absolute path, for example file:///var/backups/postgresql.";

bool IsControl(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// What may be shown of a URL that was refused: never what could hold a password.
std::string Shown(std::string_view url) {
    return "\"" + Printable(url.substr(0, url.find_first_of("?#"))) + "\"";
}

[[noreturn]] void Refuse(std::string_view url, std::string_view why,
                         std::string_view hint = kFileHint) {
    throw Error(Errc::InvalidValue, "store URL " + Shown(url) + " " + std::string(why), {},
                std::string(hint));
}

std::string Scheme(std::string_view url) {
    const size_t end = url.find(':');
    std::string scheme(end == std::string_view::npos ? std::string_view{} : url.substr(0, end));
    std::ranges::transform(scheme, scheme.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    const bool valid = !scheme.empty() && std::ranges::all_of(scheme, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    });
    return valid ? scheme : std::string{};
}

void RefuseCredentials(std::string_view url) {
    const size_t slashes = url.find("://");
    if (slashes == std::string_view::npos) return;
    const std::string_view rest = url.substr(slashes + 3);
    if (rest.substr(0, rest.find('/')).find('@') == std::string_view::npos) return;
    throw Error(Errc::InvalidValue, "store URL must not contain a user name or password", {},
                "The known scheme, \"file\", needs neither. " + std::string(kFileHint));
}

std::string DecodePercent(std::string_view url, std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        const auto byte = FromHex(text.substr(i + 1, 2));
        if (!byte || byte->size() != 1) {
            Refuse(url, "has a \"%\" that is not followed by two hexadecimal digits",
                   "Write a percent sign as %25.");
        }
        decoded += static_cast<char>(byte->front());
        i += 2;
    }
    return decoded;
}

std::string NormalisePath(std::string_view url, std::string_view path) {
    std::string normal;
    for (size_t at = 0; at < path.size();) {
        const size_t end = std::min(path.find('/', at), path.size());
        const std::string_view component = path.substr(at, end - at);
        at = end + 1;
        if (component.empty() || component == ".") continue;
        if (component == "..") Refuse(url, "contains \"..\"", "Write the path without it.");
        normal.append("/").append(component);
    }
    if (normal.empty()) Refuse(url, "names no directory");
    return normal;
}

uint64_t ParseRate(std::string_view text) {
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
    static constexpr std::pair<std::string_view, int> kUnits[] = {
        {"", 0}, {"B", 0}, {"kB", 10}, {"MB", 20}, {"GB", 30}};
    for (const auto& [name, shift] : kUnits) {
        if (error == std::errc{} && unit == name && number > 0 &&
            number <= (UINT64_MAX >> 1 >> shift)) {
            return number << shift;
        }
    }
    throw Error(Errc::InvalidValue,
                "invalid value for store option \"max_rate\": \"" + Printable(text) + "\"",
                "It is the number of bytes per second, greater than zero.",
                "Valid units are \"B\", \"kB\", \"MB\" and \"GB\", for example \"50MB\".");
}

void Sleep(std::chrono::milliseconds time, Interrupt& interrupt) {
    constexpr std::chrono::milliseconds kSlice{100};
    for (; time.count() > 0; time -= kSlice) {
        interrupt.Check();
        std::this_thread::sleep_for(std::min(time, kSlice));
    }
    interrupt.Check();
}

} // namespace

std::string Location::Url() const {
    static constexpr std::string_view kPlain = "!$&'()*+,-./:;=@_~";
    std::string url = scheme + "://";
    for (const char c : path) {
        const bool alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (alphanumeric || kPlain.find(c) != std::string_view::npos) {
            url += c;
        } else {
            url += "%" + ToHex(AsBytes({&c, 1}));
        }
    }
    return url;
}

Location ParseLocation(std::string_view url) {
    RefuseCredentials(url);
    if (std::ranges::any_of(url, IsControl)) Refuse(url, "contains a control character");
    const std::string scheme = Scheme(url);
    if (scheme.empty()) Refuse(url, "has no scheme");
    if (scheme != "file") {
        throw Error(Errc::InvalidValue,
                    "store URL has unknown scheme \"" + Printable(scheme) + "\"", {},
                    "The known scheme is \"file\". " + std::string(kFileHint));
    }
    if (url.find_first_of("?#") != std::string_view::npos) {
        Refuse(url, "has a query or a fragment",
               "Write \"?\" as %3F and \"#\" as %23; options of a store are given apart.");
    }
    const std::string_view rest = url.substr(scheme.size() + 1);
    if (!rest.starts_with("///")) Refuse(url, "is not absolute");
    const std::string path = DecodePercent(url, rest.substr(2));
    if (std::ranges::any_of(path, IsControl)) Refuse(url, "contains a control character");
    return {scheme, NormalisePath(url, path)};
}

void CheckOptions(const Location& location, const StoreOptions& options) {
    for (const auto& [name, value] : options) {
        if (name == "max_rate") {
            ParseRate(value);
            continue;
        }
        throw Error(Errc::InvalidValue,
                    "stores of scheme \"" + location.scheme + "\" have no option \"" +
                        Printable(name) + "\"",
                    {}, "The known option is \"max_rate\".");
    }
}

std::unique_ptr<Store> OpenStore(const Location& location, const StoreOptions& options,
                                 Interrupt& interrupt) {
    CheckOptions(location, options);
    const auto sleep = [&interrupt](std::chrono::milliseconds time) { Sleep(time, interrupt); };
    std::unique_ptr<Store> store = std::make_unique<DirStore>(location.path);
    if (const auto rate = options.find("max_rate"); rate != options.end()) {
        store = WithLimit(std::move(store), ParseRate(rate->second), sleep);
    }
    RetryPolicy policy;
    policy.sleep = sleep;
    return WithRetry(std::move(store), std::move(policy),
                     0); // a directory's Finish fails for good or not at all
}

} // namespace lifeboat
