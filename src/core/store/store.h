// The contract every store keeps: a flat space of immutable objects.
//
// Names are store-relative paths of lower-case ASCII as format/names.h allows them; a driver
// refuses others with Error(InvalidValue). One suite (test/contract) checks this contract against
// every driver.
//
//  - Create is create-once and atomic: the object is absent until Finish() returned, and then whole
//  and durable (file and
//    directory synced; a 200 of the service). If the name exists already, Finish() (or Create)
//    throws kExists and the old object stays as it was. A sink destroyed without Finish() leaves
//    nothing visible. Sinks and sources do not outlive their store.
//  - What was created can be read at once by the same client.
//  - Get and Stat of an absent name throw kNotFound. Get with a range beyond the end gives what is
//  there.
//  - List gives every object below a prefix (a string prefix of whole path components, with or
//  without a last '/', "" for all), in
//    no promised order, and never objects that are still being created. `visit` may use the store.
//  - Remove of an absent name is no error.
//  - A driver is used from one thread at a time; several drivers for one store may work at once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/interrupt.h"
#include "core/io/stream.h"

namespace lifeboat {

enum class StoreFault { kNotFound, kExists, kTransient, kPermanent };

class StoreError : public Error {
public:
    StoreError(StoreFault fault, Errc code, std::string message, std::string detail = {},
               std::string hint = {})
        : Error(code, std::move(message), std::move(detail), std::move(hint)), fault_(fault) {}
    [[nodiscard]] StoreFault fault() const noexcept { return fault_; }

private:
    StoreFault fault_;
};

struct StoreObject {
    std::string name;
    uint64_t size = 0;
    Instant modified{};
};

struct ByteRange {
    uint64_t offset = 0;
    uint64_t length = UINT64_MAX;
};

struct StoreProperties {
    std::string url;                    // canonical, without secrets
    std::optional<uint64_t> free_bytes; // where the driver can know
    std::string file_system;            // device id of a directory store, else empty
    // Kept by a service, which may refuse, be misled on the way, or overwrite what is there: names
    // that can meet are looked up first.
    bool is_service = false;
};

class Store {
public:
    virtual ~Store() = default;
    virtual std::unique_ptr<Sink> Create(std::string_view name) = 0;
    virtual std::unique_ptr<Source> Get(std::string_view name, ByteRange range = {}) = 0;
    virtual StoreObject Stat(std::string_view name) = 0;
    // The same for many, in their order, up to the first that fails; a driver may ask for several
    // at once.
    virtual void StatEach(std::span<const std::string_view> names,
                          const std::function<void(const StoreObject&)>& visit);
    virtual void List(std::string_view prefix,
                      const std::function<void(const StoreObject&)>& visit) = 0;
    virtual void Remove(std::string_view name) = 0;
    virtual StoreProperties Properties() = 0;
    // From now on what Finish() has made visible to this client may become durable, and visible to
    // others, only with Sync(), which is cheaper for many small objects. Sync() throws what
    // Finish() would have thrown, or what came of making them durable: then none since the last
    // Sync() counts. Drivers whose Finish() waits anyway ignore this.
    virtual void DeferDurability() {}
    virtual void Sync(Interrupt& /*interrupt*/) {}
    // Removes what dead writers left behind and no reader can see; returns how many. Drivers
    // without such remains: 0.
    virtual size_t RemoveStaleTemporaries() { return 0; }
    // What was last read of this object was not what it should be. True when there is another copy
    // of it, which the next Get reads (fallback.h): of one store alone there is none.
    virtual bool Distrust(std::string_view /*name*/, const Error& /*reason*/) { return false; }

    // Bytes of objects that were finished and are still to be sent (DeferDurability).
    [[nodiscard]] virtual uint64_t BytesWaiting() const { return 0; }
    // An object is better not much larger: the driver keeps it in memory until it is whole. May be
    // another number for each object.
    [[nodiscard]] virtual uint64_t ComfortableBytes() const { return UINT64_MAX; }

    // The same in one call.
    void Put(std::string_view name, Bytes bytes);
    // Whole small object; Error(Damaged) when it is larger than `limit`.
    std::string Read(std::string_view name, uint64_t limit);
    bool Exists(std::string_view name);
};

} // namespace lifeboat
