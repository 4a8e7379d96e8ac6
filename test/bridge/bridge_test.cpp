// SQL functions that fail in every way a function of ours can, for test/cluster/t/460_bridge.pl.
//
// A module of its own, built from the extension's bridge, guards and query, and never installed.
// Its functions break no rule of src/pg, with one exception that says so: RoundTrips().
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "pg/bridge/bridge.h"
#include "pg/bridge/guards.h"
#include "pg/bridge/query.h"

extern "C" {
#include <utils/builtins.h>

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(bridge_throw);
PG_FUNCTION_INFO_V1(bridge_raise);
PG_FUNCTION_INFO_V1(bridge_query);
PG_FUNCTION_INFO_V1(bridge_translate);
PG_FUNCTION_INFO_V1(bridge_swallow);
PG_FUNCTION_INFO_V1(bridge_nested);
PG_FUNCTION_INFO_V1(bridge_unwind);
PG_FUNCTION_INFO_V1(bridge_objects);
PG_FUNCTION_INFO_V1(bridge_loop);
PG_FUNCTION_INFO_V1(bridge_round_trips);
PG_FUNCTION_INFO_V1(bridge_limit_memory);
PG_FUNCTION_INFO_V1(bridge_raise_short_of_memory);
PGDLLEXPORT Datum bridge_throw(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum bridge_raise(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum bridge_query(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum bridge_translate(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum bridge_swallow(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum bridge_nested(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum bridge_unwind(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum bridge_objects(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum bridge_loop(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum bridge_round_trips(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum bridge_limit_memory(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum bridge_raise_short_of_memory(PG_FUNCTION_ARGS);
}

namespace lifeboat::pg {
namespace {

constexpr int kMarker = MAKE_SQLSTATE('L', 'B', '0', '0', '1');

// Counts itself: what is alive after an error has been leaked.
class Counted {
public:
    Counted() {
        ++alive;
        ++made;
    }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --alive; }

    inline static int alive = 0;
    inline static int made = 0;
};

// A file that lives as long as the object.
class MarkerFile {
public:
    explicit MarkerFile(std::string path) : path_(std::move(path)) {
        std::ofstream{path_} << "here";
    }
    MarkerFile(const MarkerFile&) = delete;
    MarkerFile& operator=(const MarkerFile&) = delete;
    ~MarkerFile() { ::unlink(path_.c_str()); }

private:
    std::string path_;
};

std::string TextArgument(FunctionCallInfo fcinfo, int index) {
    return Pg([=] { return TextDatumGetCString(PG_GETARG_DATUM(index)); });
}

Datum TextResult(const std::string& result) {
    return Pg([&result] { return CStringGetTextDatum(result.c_str()); });
}

// --- C++ errors ----------------------------------------------------------------------------------

void Throw(const std::string& kind, size_t size) {
    if (kind == "error") {
        throw Error(Errc::Damaged, "object 7 is 100% damaged", "Expected %s, found %d%n.",
                    "Type \"lifeboat verify\".");
    }
    if (kind == "sqlstate") throw Error::WithSqlState("LB042", "a code of its own");
    if (kind == "bad sqlstate") throw Error::WithSqlState("42", "a code that is none");
    if (kind == "empty") throw Error(Errc::Internal, "");
    if (kind == "long") throw Error(Errc::LimitExceeded, std::string(size, 'x'));
    if (kind == "bad_alloc") throw std::bad_alloc();
    if (kind == "exception") throw std::runtime_error("50% of %s");
    if (kind == "out of range") (void)std::vector<int>().at(size);
    if (kind == "int") throw 42;
    if (kind == "allocate") (void)std::vector<char>(size);
}

// --- PostgreSQL errors ---------------------------------------------------------------------------

// An error with everything that an error can have; a position in the statement or in an internal
// one.
void RaiseEverything(int position) {
    ereport(ERROR,
            (errcode(kMarker), errmsg("%s", "100% of %s"), errdetail("Detail: %s.", "%d"),
             errdetail_log("Detail for the log: 5%%."), errhint("Hint: %s.", "%n"),
             errcontext("raised for a test"), err_generic_string(PG_DIAG_SCHEMA_NAME, "a schema"),
             err_generic_string(PG_DIAG_TABLE_NAME, "a table"),
             err_generic_string(PG_DIAG_COLUMN_NAME, "a column"),
             err_generic_string(PG_DIAG_DATATYPE_NAME, "a type"),
             err_generic_string(PG_DIAG_CONSTRAINT_NAME, "a constraint"),
             position > 0 ? errposition(position) : internalerrposition(8),
             position > 0 ? 0 : internalerrquery("SELECT nothing FROM nowhere")));
}

void Raise(const char* message) {
    Pg([=] { ereport(ERROR, (errcode(kMarker), errmsg_internal("%s", message))); });
}

std::string Describe(const Error& error) {
    return std::string(error.sqlstate()) + ": " + error.message();
}

void Translate(const std::string& sql) {
    Subtransaction edge;
    try {
        Counted object;
        Query(sql);
    } catch (const ServerError& error) {
        throw Error(Errc::WrongState, "the statement failed",
                    Describe(error) + ", constraint " + error.rest().constraint_name,
                    "Try another.");
    }
    edge.Release();
}

std::string Swallow(const std::string& sql) {
    try {
        Counted object;
        Subtransaction edge;
        Query(sql);
        edge.Release();
        return "no error";
    } catch (const ServerError& error) {
        return Describe(error);
    }
}

// Swallows an error inside an outer guard and leaves no object behind in its frame.
void SwallowInside(std::string& story) {
    Counted object;
    try {
        Subtransaction edge;
        Raise("inner");
    } catch (const ServerError& error) {
        story += Describe(error);
    }
}

std::string Nested() {
    std::string story;
    sigjmp_buf* const stack = PG_exception_stack;
    ErrorContextCallback* const context = error_context_stack;
    try {
        Subtransaction edge;
        Pg([&] {
            SwallowInside(story);
            ereport(ERROR, (errcode(kMarker), errmsg("outer")));
        });
    } catch (const ServerError& error) {
        story += ", " + Describe(error);
    }
    try {
        Subtransaction edge;
        Pg([] { Pg([] { Raise("through two guards"); }); });
    } catch (const ServerError& error) {
        story += ", " + Describe(error);
    }
    if (stack != PG_exception_stack) story += ", the exception stack is not restored";
    if (context != error_context_stack) story += ", the context stack is not restored";
    return story;
}

// --- unwinding -----------------------------------------------------------------------------------

void Descend(int depth, const std::string& how) {
    const Counted object;
    const std::string text = "frame " + std::to_string(depth) + " of " + how;
    if (depth > 0) return Descend(depth - 1, text);
    if (how.find("throw in a guard") != std::string::npos) {
        Pg([] {
            const Counted inner;
            throw Error(Errc::LimitExceeded, "thrown inside Pg()");
        });
    }
    if (how.find("throw") != std::string::npos) throw std::runtime_error("thrown");
    if (how.find("raise") != std::string::npos) Raise("raised");
    Query("SELECT 1/0");
}

[[noreturn]] void Loop(const std::string& path) {
    const MarkerFile marker(path);
    for (;;) {
        CheckInterrupts();
        pg_usleep(1000);
    }
}

// Out of C++ and back in, many times. The swallowing happens without a subtransaction, which is
// only right because nothing but the error machinery is touched: a subtransaction's own memory
// would hide what an error leaves behind.
int RoundTrips(int count) {
    int seen = 0;
    for (int i = 0; i < count; ++i) {
        try {
            Pg([] {
                Boundary([] {
                    throw Error(Errc::Damaged, std::string(2000, 'm'), std::string(2000, 'd'), "h");
                });
            });
        } catch (const ServerError& error) {
            if (error.message().size() == 2000 && error.sqlstate() == "XX001") ++seen;
        }
        CheckInterrupts();
    }
    return seen;
}

// --- memory --------------------------------------------------------------------------------------

// Leaves this process `bytes` of address space beyond what it has; below zero: all there is.
int LimitMemory(int64_t bytes) {
    rlimit limit{};
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = limit.rlim_max;
    if (bytes >= 0) {
        int64_t pages = 0;
        std::ifstream("/proc/self/statm") >> pages;
        limit.rlim_cur = static_cast<rlim_t>(pages * sysconf(_SC_PAGESIZE) + bytes);
    }
    return setrlimit(RLIMIT_AS, &limit);
}

// The error is complete, and then no memory is left to copy it.
void RaiseShortOfMemory(size_t size) {
    char* message = Pg([=] {
        auto* text = static_cast<char*>(palloc(size + 1));
        memset(text, 'x', size);
        text[size] = '\0';
        return text;
    });
    Pg([=] { ereport(ERROR, (errmsg_internal("%s", message), LimitMemory(1 << 20))); });
}

} // namespace
} // namespace lifeboat::pg

using namespace lifeboat::pg;

Datum bridge_throw(PG_FUNCTION_ARGS) {
    return Boundary([&] {
        const Counted object;
        Throw(TextArgument(fcinfo, 0), static_cast<size_t>(PG_GETARG_INT64(1)));
        return TextResult("nothing was thrown");
    });
}

Datum bridge_raise(PG_FUNCTION_ARGS) {
    return Boundary([&] {
        const Counted object;
        const int position = PG_GETARG_INT32(0);
        Pg([=] { RaiseEverything(position); });
        return Datum{0};
    });
}

Datum bridge_query(PG_FUNCTION_ARGS) {
    return Boundary([&] {
        const Counted object;
        return TextResult(QueryValue(TextArgument(fcinfo, 0)).value_or("nothing"));
    });
}

Datum bridge_translate(PG_FUNCTION_ARGS) {
    return Boundary([&] {
        Translate(TextArgument(fcinfo, 0));
        return TextResult("no error");
    });
}

Datum bridge_swallow(PG_FUNCTION_ARGS) {
    return Boundary([&] { return TextResult(Swallow(TextArgument(fcinfo, 0))); });
}

Datum bridge_nested(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    return Boundary([&] { return TextResult(Nested()); });
}

Datum bridge_unwind(PG_FUNCTION_ARGS) {
    return Boundary([&] {
        Descend(20, TextArgument(fcinfo, 0));
        return Datum{0};
    });
}

Datum bridge_objects(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    return Boundary([&] {
        const std::string text =
            std::to_string(Counted::alive) + " of " + std::to_string(Counted::made);
        Counted::made = 0;
        return TextResult(text);
    });
}

Datum bridge_loop(PG_FUNCTION_ARGS) {
    return Boundary([&] {
        Loop(TextArgument(fcinfo, 0));
        return Datum{0};
    });
}

Datum bridge_round_trips(PG_FUNCTION_ARGS) {
    return Boundary([&] { return Int32GetDatum(RoundTrips(PG_GETARG_INT32(0))); });
}

Datum bridge_limit_memory(PG_FUNCTION_ARGS) {
    return Boundary([&] { return Int32GetDatum(LimitMemory(PG_GETARG_INT64(0))); });
}

Datum bridge_raise_short_of_memory(PG_FUNCTION_ARGS) {
    return Boundary([&] {
        RaiseShortOfMemory(static_cast<size_t>(PG_GETARG_INT64(0)));
        return Datum{0};
    });
}
