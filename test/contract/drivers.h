// Every driver, and every decorator around one, as something the contract can be tried on. A new
// driver is one more entry in AllDrivers().
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "core/store/store.h"

namespace lifeboat::test {

// One empty store, and ways into it.
class Place {
public:
    virtual ~Place() = default;
    // Another driver for the same store each time; all live shorter than the place.
    virtual std::unique_ptr<Store> Open() = 0;
};

struct Driver {
    std::string name;
    std::function<std::unique_ptr<Place>()> make;
    friend void PrintTo(const Driver& driver, std::ostream* out) { *out << driver.name; }
};

const std::vector<Driver>& AllDrivers();

} // namespace lifeboat::test
