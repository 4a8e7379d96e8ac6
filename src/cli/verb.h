// A verb of the command line: `lifeboat <name> …`. main.cpp holds one of each, declares them all
// and runs the one that was typed.
#pragma once

#include <memory>

#include "cli/command.h"
#include "core/base/interrupt.h"

namespace lifeboat::cli {

class Verb {
public:
    virtual ~Verb() = default;
    [[nodiscard]] virtual const char* name() const = 0;
    [[nodiscard]] virtual const char* summary() const = 0;
    // Two lines, each a command that works as it stands once the names in it fit: a test runs them.
    [[nodiscard]] virtual const char* examples() const = 0;
    virtual void Declare(Command& command) = 0;
    // Returns the exit code; throws Error.
    virtual int Run(Interrupt& interrupt) = 0;
};

std::unique_ptr<Verb> MakeKeygen();
std::unique_ptr<Verb> MakeCheckStore();
std::unique_ptr<Verb> MakeList();
std::unique_ptr<Verb> MakeShow();
std::unique_ptr<Verb> MakeVerify();
std::unique_ptr<Verb> MakePlan();
std::unique_ptr<Verb> MakeRestore();
std::unique_ptr<Verb> MakeCat();
std::unique_ptr<Verb> MakeExport();
std::unique_ptr<Verb> MakeRotate();
std::unique_ptr<Verb> MakePrune();
std::unique_ptr<Verb> MakeCopy();

} // namespace lifeboat::cli
