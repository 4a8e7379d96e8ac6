#include "core/store/location.h"

#include <algorithm>
#include <charconv>

#include "core/base/interrupt.h"
#include "core/store/azure_service.h"
#include "core/store/decorators.h"
#include "core/store/dir_store.h"
#include "core/store/s3_service.h"
#include "core/store/service_store.h"

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
                !url.starts_with("file:") ? "Store option \"credentials\" says where keys are."
                                          : "A directory needs neither. " + std::string(kFileHint));
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
    return normal;
}

// As Amazon wants the names of buckets, and others after it.
bool IsBucket(std::string_view name) {
    if (name.size() < 3 || name.size() > 63 || name.front() == '.' || name.front() == '-')
        return false;
    return std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    });
}

Location ParseBucket(std::string_view url, std::string_view rest) {
    constexpr std::string_view kHint =
        "Write s3://bucket/prefix; option \"endpoint\" says which service has it.";
    if (!rest.starts_with("//")) Refuse(url, "names no bucket", kHint);
    rest.remove_prefix(2);
    const std::string_view bucket = rest.substr(0, rest.find('/'));
    if (bucket.empty()) Refuse(url, "names no bucket", kHint);
    if (!IsBucket(bucket))
        Refuse(
            url,
            "has a bucket that is none: 3 to 63 lower-case letters, digits, \".\", \"-\" and \"_\"",
            kHint);
    const std::string path = DecodePercent(url, rest.substr(bucket.size()));
    if (std::ranges::any_of(path, IsControl)) Refuse(url, "contains a control character", kHint);
    return {"s3", std::string(bucket), NormalisePath(url, path)};
}

// "azure://account/container/prefix": account and container are the host.
Location ParseContainer(std::string_view url, std::string_view rest) {
    constexpr std::string_view kHint = "Write azure://account/container/prefix.";
    if (!rest.starts_with("//")) Refuse(url, "names no account", kHint);
    rest.remove_prefix(2);
    const size_t slash = std::min(rest.find('/'), rest.size());
    const size_t end = std::min(rest.find('/', std::min(slash + 1, rest.size())), rest.size());
    const std::string_view account = rest.substr(0, slash);
    const std::string_view container = rest.substr(0, end).substr(std::min(slash + 1, end));
    const bool plain = std::ranges::all_of(
        account, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
    if (account.size() < 3 || account.size() > 24 || !plain)
        Refuse(url, "has an account that is none: 3 to 24 lower-case letters and digits", kHint);
    if (container.empty()) Refuse(url, "names no container", kHint);
    if (!IsBucket(container) || container.find_first_of("._") != std::string_view::npos)
        Refuse(url, "has a container that is none: 3 to 63 lower-case letters, digits and \"-\"",
               kHint);
    const std::string path = DecodePercent(url, rest.substr(end));
    if (std::ranges::any_of(path, IsControl)) Refuse(url, "contains a control character", kHint);
    return {"azure", std::string(rest.substr(0, end)), NormalisePath(url, path)};
}

std::unique_ptr<Service> OpenService(const Location& location, const StoreOptions& options) {
    const std::string prefix = location.path.empty() ? "" : location.path.substr(1);
    if (location.scheme == "s3")
        return std::make_unique<S3Service>(S3Service::Place{location.host, prefix, location.Url()},
                                           ParseS3Options(options));
    const size_t slash = location.host.find('/');
    const std::string account = location.host.substr(0, slash);
    return std::make_unique<AzureService>(
        AzureService::Place{account, location.host.substr(slash + 1), prefix, location.Url()},
        ParseAzureOptions(account, options));
}

// A service that is asked to slow down needs some seconds.
constexpr int kServiceAttempts = 8;

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

} // namespace

std::string Location::Url() const {
    static constexpr std::string_view kPlain = "!$&'()*+,-./:;=@_~";
    std::string url = scheme + "://" + host;
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
    if (scheme != "file" && scheme != "s3" && scheme != "azure") {
        throw Error(
            Errc::InvalidValue, "store URL has unknown scheme \"" + Printable(scheme) + "\"", {},
            "The known schemes are \"file\", \"s3\" and \"azure\". " + std::string(kFileHint));
    }
    if (url.find_first_of("?#") != std::string_view::npos) {
        Refuse(url, "has a query or a fragment",
               "Write \"?\" as %3F and \"#\" as %23; options of a store are given apart.");
    }
    const std::string_view rest = url.substr(scheme.size() + 1);
    if (scheme == "s3") return ParseBucket(url, rest);
    if (scheme == "azure") return ParseContainer(url, rest);
    if (!rest.starts_with("///")) Refuse(url, "is not absolute");
    const std::string path = DecodePercent(url, rest.substr(2));
    if (std::ranges::any_of(path, IsControl)) Refuse(url, "contains a control character");
    const std::string normal = NormalisePath(url, path);
    if (normal.empty()) Refuse(url, "names no directory");
    return {scheme, {}, normal};
}

void CheckOptions(const Location& location, const StoreOptions& options) {
    if (const auto rate = options.find("max_rate"); rate != options.end()) ParseRate(rate->second);
    if (!location.IsDirectory()) {
        (void)OpenService(location, options);
        return;
    }
    for (const auto& [name, value] : options) {
        if (name == "max_rate") continue;
        throw Error(Errc::InvalidValue,
                    "stores of scheme \"" + location.scheme + "\" have no option \"" +
                        Printable(name) + "\"",
                    {}, "The known option is \"max_rate\".");
    }
}

std::unique_ptr<Store> OpenStore(const Location& location, const StoreOptions& options,
                                 Interrupt& interrupt) {
    CheckOptions(location, options);
    const auto sleep = [&interrupt](std::chrono::milliseconds time) { SleepFor(time, interrupt); };
    RetryPolicy policy;
    policy.sleep = sleep;
    std::unique_ptr<Store> store;
    if (!location.IsDirectory()) {
        policy.attempts = kServiceAttempts;
        store = std::make_unique<ServiceStore>(OpenService(location, options), policy, interrupt);
    } else {
        store = std::make_unique<DirStore>(location.path);
    }
    if (const auto rate = options.find("max_rate"); rate != options.end()) {
        store = WithLimit(std::move(store), ParseRate(rate->second), sleep);
    }
    return WithRetry(
        std::move(store), std::move(policy),
        0); // a directory's Finish fails for good or not at all, a bucket's tries itself
}

} // namespace lifeboat
