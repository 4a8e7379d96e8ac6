#include "pg/bridge/bridge.h"

#include <cstring>
#include <new>

extern "C" {
#include <mb/pg_wchar.h>
}

namespace lifeboat::pg {
namespace {

std::string Text(const char* text) { return text == nullptr ? std::string() : std::string(text); }

std::string SqlStateText(int sqlerrcode) { return unpack_sql_state(sqlerrcode); }

char* KeepBytes(const std::string& text, size_t size) noexcept {
    auto* copy = static_cast<char*>(
        MemoryContextAllocExtended(ErrorContext, size + 1, MCXT_ALLOC_NO_OOM | MCXT_ALLOC_HUGE));
    if (copy == nullptr) return nullptr;
    std::memcpy(copy, text.data(), size);
    copy[size] = '\0';
    return copy;
}

// Never raises: nullptr for an empty text; its beginning when memory is too short for all of it.
const char* KeepText(const std::string& text) noexcept {
    constexpr int kBeginning = 1000;
    if (text.empty()) return nullptr;
    char* copy = KeepBytes(text, text.size());
    if (copy != nullptr || text.size() <= kBeginning) return copy;
    return KeepBytes(text, static_cast<size_t>(pg_mbcliplen(text.data(), kBeginning, kBeginning)));
}

int MakeSqlState(std::string_view state) noexcept {
    if (state.size() != 5) return ERRCODE_INTERNAL_ERROR;
    return MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4]);
}

void CaptureError(const Error& error, internal::Pending* pending) noexcept {
    pending->sqlstate = MakeSqlState(error.sqlstate());
    pending->message = error.message().empty() ? "unexpected failure in pg_lifeboat: no message"
                                               : KeepText(error.message());
    pending->detail = KeepText(error.detail());
    pending->hint = KeepText(error.hint());
}

void CaptureServerError(const ServerError& error, internal::Pending* pending) noexcept {
    CaptureError(error, pending);
    const ServerError::Rest& rest = error.rest();
    pending->detail_log = KeepText(rest.detail_log);
    pending->context = KeepText(rest.context);
    pending->schema_name = KeepText(rest.schema_name);
    pending->table_name = KeepText(rest.table_name);
    pending->column_name = KeepText(rest.column_name);
    pending->datatype_name = KeepText(rest.datatype_name);
    pending->constraint_name = KeepText(rest.constraint_name);
    pending->internal_query = KeepText(rest.internal_query);
    pending->cursor_position = rest.cursor_position;
    pending->internal_position = rest.internal_position;
}

// The server's strings as they stand in `error`, freed by the caller.
ServerError CopyRaised(const ErrorData& error) {
    ServerError::Rest rest{Text(error.detail_log),
                           Text(error.context),
                           Text(error.schema_name),
                           Text(error.table_name),
                           Text(error.column_name),
                           Text(error.datatype_name),
                           Text(error.constraint_name),
                           Text(error.internalquery),
                           error.cursorpos,
                           error.internalpos};
    return {Error::WithSqlState(SqlStateText(error.sqlerrcode), Text(error.message),
                                Text(error.detail), Text(error.hint)),
            std::move(rest)};
}

} // namespace

namespace internal {

void ThrowRaised(MemoryContext caller) {
    // CopyErrorData asserts that it is not called in ErrorContext. When it runs out of memory, that
    // error lands here once more (no object with a destructor stands between), is small enough to
    // be copied, and is thrown instead.
    MemoryContextSwitchTo(caller);
    ErrorData* raised = CopyErrorData();
    FlushErrorState();
    struct FreeRaised {
        ErrorData* data;
        ~FreeRaised() { FreeErrorData(data); }
    } const guard{raised};
    throw CopyRaised(*raised);
}

void Capture(Pending* pending) noexcept {
    std::memset(pending, 0, sizeof(*pending));
    pending->sqlstate = ERRCODE_INTERNAL_ERROR;
    try {
        throw;
    } catch (const ServerError& error) {
        CaptureServerError(error, pending);
    } catch (const Error& error) {
        CaptureError(error, pending);
    } catch (const std::bad_alloc&) {
        pending->sqlstate = ERRCODE_OUT_OF_MEMORY;
        pending->message = "out of memory in pg_lifeboat";
    } catch (const std::exception& error) {
        try {
            pending->message =
                KeepText(std::string("unexpected failure in pg_lifeboat: ") + error.what());
        } catch (...) {
            pending->message = nullptr;
        }
    } catch (...) {
        pending->message = "unexpected failure in pg_lifeboat: an exception of unknown type";
    }
}

void Raise(const Pending& pending) {
    // The server's own error has been through the context callbacks already: not twice.
    if (pending.context != nullptr) error_context_stack = nullptr;
    // Text goes in as %s arguments: a percent sign in a name must not be read as a format.
    ereport(
        ERROR,
        (errcode(pending.sqlstate),
         errmsg_internal(
             "%s", pending.message != nullptr ? pending.message : "out of memory in pg_lifeboat"),
         pending.detail != nullptr ? errdetail_internal("%s", pending.detail) : 0,
         pending.detail_log != nullptr ? errdetail_log("%s", pending.detail_log) : 0,
         pending.hint != nullptr ? errhint("%s", pending.hint) : 0,
         pending.context != nullptr ? errcontext("%s", pending.context) : 0,
         pending.schema_name != nullptr
             ? err_generic_string(PG_DIAG_SCHEMA_NAME, pending.schema_name)
             : 0,
         pending.table_name != nullptr ? err_generic_string(PG_DIAG_TABLE_NAME, pending.table_name)
                                       : 0,
         pending.column_name != nullptr
             ? err_generic_string(PG_DIAG_COLUMN_NAME, pending.column_name)
             : 0,
         pending.datatype_name != nullptr
             ? err_generic_string(PG_DIAG_DATATYPE_NAME, pending.datatype_name)
             : 0,
         pending.constraint_name != nullptr
             ? err_generic_string(PG_DIAG_CONSTRAINT_NAME, pending.constraint_name)
             : 0,
         pending.internal_query != nullptr ? internalerrquery(pending.internal_query) : 0,
         pending.cursor_position > 0 ? errposition(pending.cursor_position) : 0,
         pending.internal_position > 0 ? internalerrposition(pending.internal_position) : 0));
    pg_unreachable();
}

} // namespace internal

void CheckInterrupts() {
    if (ProcDiePending) {
        throw Error::WithSqlState("57P01", "terminating connection due to administrator command");
    }
    Pg([] { CHECK_FOR_INTERRUPTS(); });
}

} // namespace lifeboat::pg
