#include "cli/restore/connection.h"

#include <poll.h>

#include <charconv>
#include <chrono>

#include "cli/terminal.h"
#include "core/crypto/key.h"

namespace lifeboat::cli {
namespace {

constexpr int kPollMilliseconds = 200;

std::string WithoutLineEnd(std::string_view text) {
    while (text.ends_with('\n')) text.remove_suffix(1);
    return std::string(text);
}

std::string Field(const PGresult* result, int field) {
    const char* text = PQresultErrorField(result, field);
    return text == nullptr ? std::string() : WithoutLineEnd(text);
}

// libpq's own words as a sentence.
std::string Sentence(const char* message) {
    std::string text = WithoutLineEnd(message);
    if (!text.ends_with('.') && !text.ends_with('?')) text.push_back('.');
    return text;
}

[[noreturn]] void ThrowServerError(const PGresult* result) {
    const std::string primary = Field(result, PG_DIAG_MESSAGE_PRIMARY);
    std::string detail = Field(result, PG_DIAG_MESSAGE_DETAIL);
    const std::string context = Field(result, PG_DIAG_CONTEXT);
    if (!context.empty()) detail += (detail.empty() ? "" : " ") + ("Context: " + context + ".");
    throw TargetError(Field(result, PG_DIAG_SQLSTATE),
                      primary.empty() ? WithoutLineEnd(PQresultErrorMessage(result)) : primary,
                      std::move(detail), Field(result, PG_DIAG_MESSAGE_HINT));
}

// Warnings of the server belong to the user, notices do not.
void ReceiveNotice(void*, const PGresult* result) {
    if (Field(result, PG_DIAG_SEVERITY_NONLOCALIZED) == "WARNING") {
        PrintWarning("server: " + Printable(Field(result, PG_DIAG_MESSAGE_PRIMARY), 1000));
    }
}

bool NamesDatabase(const std::string& conninfo) {
    const bool string = conninfo.find('=') != std::string::npos ||
                        conninfo.starts_with("postgres://") ||
                        conninfo.starts_with("postgresql://");
    if (!string) return !conninfo.empty() || getenv("PGDATABASE") != nullptr;
    char* message = nullptr;
    PQconninfoOption* options = PQconninfoParse(conninfo.c_str(), &message);
    if (options == nullptr) {
        const std::string text = WithoutLineEnd(message == nullptr ? "out of memory" : message);
        PQfreemem(message);
        throw Error(Errc::InvalidValue, "--target is not a connection string: " + text, {},
                    "Type for example: --target 'host=/var/run/postgresql user=postgres'");
    }
    bool named = getenv("PGDATABASE") != nullptr;
    for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
        const std::string_view keyword = option->keyword;
        if ((keyword == "dbname" || keyword == "service") && option->val != nullptr) named = true;
    }
    PQconninfoFree(options);
    return named;
}

int ConnectTimeoutSeconds(PGconn* connection) {
    int seconds = 0;
    PQconninfoOption* options = PQconninfo(connection);
    for (const PQconninfoOption* option = options; option != nullptr && option->keyword != nullptr;
         ++option) {
        const std::string_view value = option->val == nullptr ? "" : option->val;
        if (std::string_view(option->keyword) == "connect_timeout") {
            std::from_chars(value.data(), value.data() + value.size(), seconds);
        }
    }
    PQconninfoFree(options);
    return seconds;
}

} // namespace

uint64_t PgResult::affected() const {
    const std::string_view text = PQcmdTuples(result_.get());
    uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

Connection::Connection(Target& target, const std::string& database, Interrupt& interrupt)
    : interrupt_(&interrupt) {
    Connect(target, database);
    if (PQstatus(handle()) == CONNECTION_BAD && PQconnectionNeedsPassword(handle()) != 0 &&
        HasTerminal()) {
        target.password = AskSecret("Password for the target server: ", {}, interrupt);
        Connect(target, database);
    }
    if (PQstatus(handle()) != CONNECTION_OK) {
        throw Error(Errc::TargetRefused, "could not connect to the target server",
                    Sentence(PQerrorMessage(handle())),
                    "Check --target and the PG* environment variables as you would for psql.");
    }
    PQsetNoticeReceiver(handle(), ReceiveNotice, nullptr);
    if (PQsetnonblocking(handle(), 1) != 0) ThrowLost();
}

void Connection::Connect(const Target& target, const std::string& database) {
    std::vector<const char*> keywords{"fallback_application_name", "dbname"};
    const std::string expanded = target.conninfo;
    const std::string chosen =
        database.empty() && !NamesDatabase(target.conninfo) ? "postgres" : database;
    std::vector<const char*> values{"lifeboat", expanded.c_str()};
    if (!chosen
             .empty()) { // only the first dbname is expanded: a name with '=' in it cannot redirect
        keywords.push_back("dbname");
        values.push_back(chosen.c_str());
    }
    if (!target.password.empty()) {
        keywords.push_back("password");
        values.push_back(target.password.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 1));
    if (!connection_) throw Error(Errc::OutOfMemory, "out of memory");

    const auto started = std::chrono::steady_clock::now();
    const int timeout = ConnectTimeoutSeconds(handle());
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (PQstatus(handle()) != CONNECTION_BAD && status != PGRES_POLLING_OK &&
           status != PGRES_POLLING_FAILED) {
        pollfd descriptor{PQsocket(handle()),
                          static_cast<short>(status == PGRES_POLLING_READING ? POLLIN : POLLOUT),
                          0};
        const int ready = ::poll(&descriptor, 1, kPollMilliseconds);
        interrupt_->Check();
        if (ready > 0) status = PQconnectPoll(handle());
        if (timeout > 0 &&
            std::chrono::steady_clock::now() - started > std::chrono::seconds(timeout)) {
            throw Error(Errc::TargetRefused, "could not connect to the target server within " +
                                                 std::to_string(timeout) + " s (connect_timeout)");
        }
    }
}

Connection::~Connection() {
    if (!connection_ || !busy_) return;
    PGcancel* cancel = PQgetCancel(handle());
    char text[256];
    PQcancel(cancel, text, sizeof text);
    PQfreeCancel(cancel);
}

std::string Connection::Describe() const {
    return std::string("host=") + PQhost(handle()) + " port=" + PQport(handle()) +
           " user=" + PQuser(handle());
}

void Connection::ThrowLost() {
    throw Error(Errc::TargetRefused, "the connection to the target server was lost",
                Sentence(PQerrorMessage(handle())));
}

void Connection::WaitFor(short events) {
    pollfd descriptor{PQsocket(handle()), events, 0};
    const int ready = ::poll(&descriptor, 1, kPollMilliseconds);
    interrupt_->Check();
    if (ready > 0 && (descriptor.revents & (POLLIN | POLLERR | POLLHUP)) != 0 &&
        PQconsumeInput(handle()) == 0) {
        ThrowLost();
    }
}

void Connection::Flush() {
    for (;;) {
        const int state = PQflush(handle());
        if (state < 0) ThrowLost();
        if (state == 0) return;
        WaitFor(POLLIN | POLLOUT);
    }
}

PgResult Connection::NextResult() {
    Flush();
    while (PQisBusy(handle()) != 0) WaitFor(POLLIN);
    return PgResult(PQgetResult(handle()));
}

// Reads until the connection is idle; the first error wins.
PgResult Connection::LastResult() {
    PgResult last(nullptr);
    PgResult failed(nullptr);
    for (;;) {
        PgResult next = NextResult();
        if (next.handle() == nullptr) break;
        const ExecStatusType status = PQresultStatus(next.handle());
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            throw Error(Errc::Damaged, "a statement of the backup began a COPY where none belongs");
        }
        const bool good =
            status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
        if (!good && failed.handle() == nullptr) {
            failed = std::move(next);
        } else {
            last = std::move(next);
        }
    }
    busy_ = false;
    if (failed.handle() != nullptr) ThrowServerError(failed.handle());
    return last;
}

PgResult Connection::Exec(const std::string& sql) {
    if (PQsendQuery(handle(), sql.c_str()) == 0) ThrowLost();
    busy_ = true;
    return LastResult();
}

PgResult Connection::Query(const std::string& sql, const std::vector<std::string>& parameters) {
    std::vector<const char*> values;
    for (const auto& parameter : parameters) values.push_back(parameter.c_str());
    if (PQsendQueryParams(handle(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                          values.data(), nullptr, nullptr, 0) == 0) {
        ThrowLost();
    }
    busy_ = true;
    return LastResult();
}

std::string Connection::QuoteLiteral(std::string_view text) const {
    char* quoted = PQescapeLiteral(handle(), text.data(), text.size());
    if (quoted == nullptr)
        throw Error(Errc::InvalidValue, "text that is not valid in the target's encoding");
    std::string result(quoted);
    PQfreemem(quoted);
    return result;
}

void Connection::BeginCopy(const std::string& statement) {
    if (PQsendQuery(handle(), statement.c_str()) == 0) ThrowLost();
    busy_ = true;
    const PgResult result = NextResult();
    if (PQresultStatus(result.handle()) == PGRES_COPY_IN) return;
    const bool failed = PQresultStatus(result.handle()) == PGRES_FATAL_ERROR;
    LastResult();
    if (failed) ThrowServerError(result.handle());
    throw Error(Errc::Internal, "COPY did not begin");
}

void Connection::PutCopy(Bytes bytes) {
    constexpr size_t kPiece = 1U << 20; // bounds libpq's own buffer
    while (!bytes.empty()) {
        const Bytes piece = bytes.first(std::min(bytes.size(), kPiece));
        const int put = PQputCopyData(handle(), reinterpret_cast<const char*>(piece.data()),
                                      static_cast<int>(piece.size()));
        if (put < 0) ThrowLost();
        Flush();
        if (put > 0) bytes = bytes.subspan(piece.size());
    }
}

uint64_t Connection::EndCopy() {
    for (;;) {
        const int ended = PQputCopyEnd(handle(), nullptr);
        if (ended < 0) ThrowLost();
        Flush();
        if (ended > 0) break;
    }
    return LastResult().affected();
}

void Connection::FailCopy(const std::string& reason) noexcept {
    try {
        if (PQputCopyEnd(handle(), reason.c_str()) <= 0) return;
        LastResult();
    } catch (const Error&) { // the server says what we told it, or is gone: the first error is the
                             // one to report
    }
}

void Connection::Rollback() noexcept {
    try {
        Exec("ROLLBACK");
    } catch (
        const Error&) { // NOLINT(bugprone-empty-catch): the error before it is the one to report
    }
}

} // namespace lifeboat::cli
