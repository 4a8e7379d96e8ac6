// How long work in the core is stopped from outside.
//
// Every loop over objects and every pump of bytes calls Check() at least once a megabyte and once
// per wait; it throws Error(Cancelled) (or whatever the host wants to be raised) when the work must
// end. The server's version looks at PostgreSQL's interrupts, the command line's at a flag set by
// SIGINT and SIGTERM.
#pragma once

namespace lifeboat {

class Interrupt {
public:
    virtual ~Interrupt() = default;
    virtual void Check() = 0;
};

class NeverInterrupted final : public Interrupt {
public:
    void Check() override {}
};

} // namespace lifeboat
