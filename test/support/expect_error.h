// What a piece of code throws, as a value.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "core/store/store.h"

namespace lifeboat::test {

struct Thrown {
    Errc code = Errc::Internal;
    std::string message = "nothing was thrown";
    std::string detail;
    std::string hint;
    StoreFault fault = StoreFault::kPermanent;
    bool is_store_error = false;
};

template <typename Work>
Thrown Catch(Work work) {
    try {
        std::move(work)();
    } catch (const StoreError& error) {
        return {error.code(), error.message(), error.detail(), error.hint(), error.fault(), true};
    } catch (const Error& error) {
        return {error.code(), error.message(),        error.detail(),
                error.hint(), StoreFault::kPermanent, false};
    }
    return {};
}

} // namespace lifeboat::test
