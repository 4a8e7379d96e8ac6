#include "drivers.h"

#include <cstdlib>
#include <set>

#include "core/base/interrupt.h"
#include "core/crypto/key.h"
#include "core/store/decorators.h"
#include "core/store/dir_store.h"
#include "core/store/location.h"
#include "core/store/memory_store.h"
#include "support/store_door.h"
#include "support/temp_dir.h"

namespace lifeboat::test {
namespace {

using Wrap = std::function<std::unique_ptr<Store>(std::unique_ptr<Store>)>;

class MemoryPlace final : public Place {
public:
    explicit MemoryPlace(Wrap wrap) : wrap_(std::move(wrap)) {}
    std::unique_ptr<Store> Open() override { return wrap_(std::make_unique<StoreDoor>(store_)); }

private:
    MemoryStore store_;
    Wrap wrap_;
};

class DirectoryPlace final : public Place {
public:
    explicit DirectoryPlace(Wrap wrap) : wrap_(std::move(wrap)) {}
    std::unique_ptr<Store> Open() override {
        return wrap_(std::make_unique<DirStore>(directory_.path()));
    }

private:
    TempDir directory_;
    Wrap wrap_;
};

// As the server and the command line open one.
class UrlPlace final : public Place {
public:
    std::unique_ptr<Store> Open() override {
        return OpenStore(ParseLocation("file://" + directory_.path()), {{"max_rate", "1GB"}},
                         interrupt_);
    }

private:
    TempDir directory_;
    NeverInterrupted interrupt_;
};

// In a service that test/run has started: a prefix of its own for each place.
class BucketPlace final : public Place {
public:
    BucketPlace(std::string url, StoreOptions options)
        : url_(std::move(url)), options_(std::move(options)) {}
    std::unique_ptr<Store> Open() override {
        return OpenStore(ParseLocation(url_ + "/" + prefix_), options_, interrupt_);
    }

private:
    std::string url_;
    std::string prefix_ = RandomHex(8);
    StoreOptions options_;
    NeverInterrupted interrupt_;
};

std::string Environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

Driver OnService(std::string name, std::string url, StoreOptions options) {
    return {std::move(name),
            [url, options] { return std::make_unique<BucketPlace>(url, options); }};
}

// Without a service: none. LIFEBOAT_S3 and LIFEBOAT_AZURE are endpoints, LIFEBOAT_S3_TLS is one
// with the certificate LIFEBOAT_S3_CA.
void AddServices(std::vector<Driver>& drivers) {
    constexpr const char* kBucket = "s3://lifeboat-contract";
    if (const std::string endpoint = Environment("LIFEBOAT_S3"); !endpoint.empty())
        drivers.push_back(OnService("s3", kBucket, {{"endpoint", endpoint}}));
    if (const std::string endpoint = Environment("LIFEBOAT_S3_TLS"); !endpoint.empty())
        drivers.push_back(
            OnService("s3_tls", kBucket,
                      {{"endpoint", endpoint}, {"ca_file", Environment("LIFEBOAT_S3_CA")}}));
    if (const std::string endpoint = Environment("LIFEBOAT_AZURE"); !endpoint.empty())
        drivers.push_back(OnService("azure", "azure://devstoreaccount1/lifeboat-contract",
                                    {{"endpoint", endpoint}}));
}

std::unique_ptr<Store> Bare(std::unique_ptr<Store> store) { return store; }

std::unique_ptr<Store> Retried(std::unique_ptr<Store> store) {
    RetryPolicy policy;
    policy.sleep = [](std::chrono::milliseconds) {};
    return WithRetry(std::move(store), policy, 1 << 20);
}

std::unique_ptr<Store> Limited(std::unique_ptr<Store> store) {
    return WithLimit(std::move(store), 1 << 30, [](std::chrono::milliseconds) {});
}

std::unique_ptr<Store> Logged(std::unique_ptr<Store> store) {
    return WithLog(std::move(store), [](const StoreCall&) {});
}

std::unique_ptr<Store> Faultless(std::unique_ptr<Store> store) {
    return WithFaults(std::move(store), [](std::string_view, std::string_view, uint64_t) {});
}

// Every operation on every name and every piece of a stream fails once before it succeeds: retries
// must hide all of it.
class FailsOnce {
public:
    void operator()(std::string_view operation, std::string_view name, uint64_t offset) {
        const std::string call =
            std::string(operation) + " " + std::string(name) + " " + std::to_string(offset);
        if (!failed_.insert(call).second) return;
        throw StoreError(StoreFault::kTransient, Errc::StoreUnreachable,
                         "planned failure of " + call);
    }

private:
    std::set<std::string> failed_;
};

std::unique_ptr<Store> Flaky(std::unique_ptr<Store> store) {
    RetryPolicy policy;
    policy.attempts = 50;
    policy.sleep = [](std::chrono::milliseconds) {};
    return WithRetry(WithFaults(std::move(store), FailsOnce()), policy, 64 << 20);
}

Driver OnMemory(std::string name, Wrap wrap) {
    return {std::move(name), [wrap] { return std::make_unique<MemoryPlace>(wrap); }};
}
Driver OnDirectory(std::string name, Wrap wrap) {
    return {std::move(name), [wrap] { return std::make_unique<DirectoryPlace>(wrap); }};
}

} // namespace

const std::vector<Driver>& AllDrivers() {
    static const std::vector<Driver> drivers = [] {
        std::vector<Driver> all = {
            OnMemory("memory", Bare),
            OnMemory("memory_retry", Retried),
            OnMemory("memory_limit", Limited),
            OnMemory("memory_log", Logged),
            OnMemory("memory_faults", Faultless),
            OnMemory("memory_flaky", Flaky),
            OnDirectory("directory", Bare),
            OnDirectory("directory_retry", Retried),
            OnDirectory("directory_flaky", Flaky),
            {"directory_url", [] { return std::make_unique<UrlPlace>(); }},
        };
        AddServices(all);
        return all;
    }();
    return drivers;
}

} // namespace lifeboat::test
