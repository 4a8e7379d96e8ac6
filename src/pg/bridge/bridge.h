// The two crossings between C++ exceptions and ereport. Nothing else touches PG_TRY, sigsetjmp or
// PG_exception_stack.
//
// Into PostgreSQL: Pg([&] { … }) runs a call that may ereport. A longjmp lands in Pg() itself,
// which restores the error machinery and throws ServerError with everything the ErrorData held.
// Rule for the body and whatever it calls: between the PostgreSQL function that may ereport and
// Pg() no frame may hold an object with a destructor (the longjmp skips it). C++ exceptions may
// leave the body. Guard a block or a batch, never a row: one crossing costs a few nanoseconds.
// After a ServerError the (sub)transaction must be aborted: it may be translated anywhere,
// swallowed only at such an edge.
//
// Out to PostgreSQL: Boundary([&] { … }) is the first frame of every SQL function, worker main and
// callback. It catches everything, leaves the catch block, and only then ereports; SQLSTATE,
// detail, hint and the rest survive both ways.
#pragma once

#include <type_traits>

#include "core/base/error.h"
#include "core/base/interrupt.h"
#include "pg/postgres.h"

namespace lifeboat::pg {

// An error raised by PostgreSQL, copied whole.
class ServerError final : public Error {
public:
    struct Rest {
        std::string detail_log, context, schema_name, table_name, column_name, datatype_name,
            constraint_name, internal_query;
        int cursor_position = 0;
        int internal_position = 0;
    };
    ServerError(const Error& text, Rest rest) : Error(text), rest_(std::move(rest)) {}
    [[nodiscard]] const Rest& rest() const noexcept { return rest_; }

private:
    Rest rest_;
};

namespace internal {

// Saves and restores what a guard replaces, also when a C++ exception passes through.
class ErrorStackScope {
public:
    ErrorStackScope() noexcept : stack_(PG_exception_stack), context_(error_context_stack) {}
    ErrorStackScope(const ErrorStackScope&) = delete;
    ErrorStackScope& operator=(const ErrorStackScope&) = delete;
    ~ErrorStackScope() {
        PG_exception_stack = stack_;
        error_context_stack = context_;
    }

private:
    sigjmp_buf* stack_;
    ErrorContextCallback* context_;
};

// Copies the error that PostgreSQL has just raised, clears it and throws it; back in `caller`.
[[noreturn]] void ThrowRaised(MemoryContext caller);

// What Boundary keeps after leaving its catch block. Memory: palloc'd without raising, or static
// text.
struct Pending {
    int sqlstate;
    const char* message;
    const char* detail;
    const char* detail_log;
    const char* hint;
    const char* context;
    const char* schema_name;
    const char* table_name;
    const char* column_name;
    const char* datatype_name;
    const char* constraint_name;
    const char* internal_query;
    int cursor_position;
    int internal_position;
};
// Called inside catch (...): describes the current exception. Never throws, never raises.
void Capture(Pending* pending) noexcept;
[[noreturn]] void Raise(const Pending& pending);

} // namespace internal

template <class Body>
auto Pg(Body&& body) -> std::invoke_result_t<Body> {
    using Result = std::invoke_result_t<Body>;
    MemoryContext caller = CurrentMemoryContext;
    internal::ErrorStackScope scope;
    sigjmp_buf landing;
    if (sigsetjmp(landing, 0) != 0) internal::ThrowRaised(caller);
    PG_exception_stack = &landing;
    if constexpr (std::is_void_v<Result>) {
        body();
    } else {
        static_assert(std::is_trivially_destructible_v<Result>,
                      "a guarded call returns plain values: a longjmp must not skip a destructor");
        return body();
    }
}

template <class Body>
auto Boundary(Body&& body) -> std::invoke_result_t<Body> {
    internal::Pending pending;
    try {
        return body();
    } catch (...) {
        internal::Capture(&pending);
    }
    internal::Raise(pending);
}

// CHECK_FOR_INTERRUPTS as an exception: a pending termination is thrown as 57P01 (so that frames
// unwind) instead of ending the process.
void CheckInterrupts();

class ServerInterrupt final : public Interrupt {
public:
    void Check() override {
        if (InterruptPending) CheckInterrupts();
    }
};

} // namespace lifeboat::pg
