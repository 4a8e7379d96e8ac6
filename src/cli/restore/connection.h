// A connection to the target server: libpq without blocking, so that an interrupt is noticed within
// 200 ms wherever it waits.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/io/stream.h"

namespace lifeboat::cli {

// What the server said, with its SQLSTATE. Always exit code 6: the target refused.
class TargetError : public Error {
public:
    TargetError(std::string sqlstate, std::string message, std::string detail, std::string hint)
        : Error(Errc::TargetRefused, std::move(message), std::move(detail), std::move(hint)),
          state_(std::move(sqlstate)) {}
    [[nodiscard]] const std::string& state() const noexcept { return state_; }

private:
    std::string state_;
};

class PgResult {
public:
    explicit PgResult(PGresult* result) : result_(result) {}
    [[nodiscard]] PGresult* handle() const noexcept { return result_.get(); }
    [[nodiscard]] int rows() const noexcept { return PQntuples(result_.get()); }
    [[nodiscard]] bool IsNull(int row, int column) const noexcept {
        return PQgetisnull(result_.get(), row, column) != 0;
    }
    [[nodiscard]] std::string Text(int row, int column) const {
        return PQgetvalue(result_.get(), row, column);
    }
    [[nodiscard]] bool True(int row, int column) const { return Text(row, column) == "t"; }
    // Rows a command tag counts.
    [[nodiscard]] uint64_t affected() const;

private:
    struct Free {
        void operator()(PGresult* result) const noexcept { PQclear(result); }
    };
    std::unique_ptr<PGresult, Free> result_;
};

// Where the target is: a connection string as libpq takes it, PG* of the environment, and a
// password that was asked for.
struct Target {
    std::string conninfo;
    std::string password;
};

class Connection {
public:
    // Connects to `database` (a name, never a connection string); empty: the one of the connection
    // string, else `postgres`. When the server wants a password and there is a terminal, it is
    // asked for once and kept in `target`.
    Connection(Target& target, const std::string& database, Interrupt& interrupt);
    Connection(Connection&& other) noexcept = default;
    // Cancels what still runs.
    ~Connection();

    [[nodiscard]] PGconn* handle() const noexcept { return connection_.get(); }
    [[nodiscard]] int server_version() const noexcept { return PQserverVersion(handle()); }
    // "host=/tmp port=5432 user=app", for messages.
    [[nodiscard]] std::string Describe() const;

    // One or several statements without parameters; the last result. Throws TargetError.
    PgResult Exec(const std::string& sql);
    PgResult Query(const std::string& sql, const std::vector<std::string>& parameters);
    [[nodiscard]] std::string QuoteLiteral(std::string_view text) const;

    // COPY … FROM stdin: begin, put, end (which returns the rows), or fail it with a reason.
    void BeginCopy(const std::string& statement);
    void PutCopy(Bytes bytes);
    uint64_t EndCopy();
    void FailCopy(const std::string& reason) noexcept;
    // Ends a transaction that failed. What goes wrong shows at the next statement.
    void Rollback() noexcept;

private:
    void Connect(const Target& target, const std::string& database);
    void WaitFor(short events);
    void Flush();
    PgResult NextResult();
    PgResult LastResult();
    [[noreturn]] void ThrowLost();

    struct Free {
        void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
    };
    Interrupt* interrupt_;
    std::unique_ptr<PGconn, Free> connection_;
    bool busy_ = false;
};

} // namespace lifeboat::cli
