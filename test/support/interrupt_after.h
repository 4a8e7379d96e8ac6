// An interrupt that comes once, as a cancel of the server does.
#pragma once

#include "core/base/error.h"
#include "core/base/interrupt.h"

namespace lifeboat::test {

class InterruptAfter final : public Interrupt {
public:
    // So many checks pass before it.
    explicit InterruptAfter(int allowed) : left_(allowed) {}
    void Check() override {
        if (left_-- == 0) throw Error(Errc::Cancelled, "cancelled");
    }

private:
    int left_;
};

} // namespace lifeboat::test
