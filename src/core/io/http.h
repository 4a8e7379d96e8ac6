// HTTP exchanges by libcurl, over connections that are kept, in helper threads: the calling thread
// goes on with its work, or waits and looks at interrupts.
//
// The threads block all signals (in the server they belong to the main thread) and are joined when
// the client ends; an exchange that is on its way then is broken off within a second.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "core/base/interrupt.h"
#include "core/io/http_message.h"

namespace lifeboat {

// How often who waits looks at interrupts.
inline constexpr std::chrono::milliseconds kLookAtInterrupts{100};

// Nothing that HTTP knows came back.
enum class HttpFault {
    kName,      // the host's name is not known
    kConnect,   // nobody answers there
    kTls,       // a certificate that is not trusted
    kHandshake, // no agreement on TLS, or the connection ended before one
    kTimeout,   // nothing moved for too long
    kBroken,    // the connection ended too early, the answer makes no sense
    kTooLong,   // the answer is longer than it may be
    kSettings,  // a file of certificates that cannot be read
    kAbandoned, // the client has ended
};

class HttpError final : public Error {
public:
    HttpError(HttpFault fault, std::string message)
        : Error(Errc::StoreUnreachable, std::move(message)), fault_(fault) {}
    [[nodiscard]] HttpFault fault() const noexcept { return fault_; }

private:
    HttpFault fault_;
};

struct HttpSettings {
    std::string ca_file; // PEM; empty: the system's
    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::milliseconds timeout{60'000}; // without a byte in either direction
    size_t connections = 4;                    // at once
};

// One request and what came of it. Outlives its client.
class HttpExchange {
public:
    explicit HttpExchange(HttpRequest request) : request_(std::move(request)) {}
    [[nodiscard]] bool Ended() const;
    // Waits for the end. Throws HttpError, or what `interrupt` throws; the exchange goes on then.
    const HttpAnswer& Wait(Interrupt& interrupt);
    // Bytes of the body that have left this process.
    [[nodiscard]] uint64_t SentBytes() const noexcept { return sent_bytes_.load(); }
    // nullptr before the end, and when none came.
    [[nodiscard]] const HttpAnswer* Answer() const;
    // The connection ended before an answer, and the request went over another one: it may have
    // been carried out twice. To be asked after the end.
    [[nodiscard]] bool SentAgain() const;
    // Waits for the end, `patience` at most, then breaks it off and waits again: afterwards nothing
    // of it is sent any more.
    void End(std::chrono::milliseconds patience);

private:
    friend class HttpClient;
    friend class HttpThread;

    void NoteSentAgain();
    [[nodiscard]] bool BrokenOff() const;
    void Answered(HttpAnswer answer);
    void Fail(HttpFault fault, std::string message);

    HttpRequest request_;
    mutable std::mutex mutex_;
    std::condition_variable ended_;
    bool has_ended_ = false;
    bool sent_again_ = false;
    bool broken_off_ = false;
    std::atomic<uint64_t> sent_bytes_{0};
    std::unique_ptr<HttpError> error_;
    HttpAnswer answer_;
};

class HttpClient {
public:
    explicit HttpClient(HttpSettings settings);
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    ~HttpClient();

    // Ends every client's threads: for a process that is about to exit without leaving its scopes.
    // None of them can be used afterwards, and no other thread may be making one.
    static void StopAll() noexcept;

    std::shared_ptr<HttpExchange> Begin(HttpRequest request);
    HttpAnswer Send(HttpRequest request, Interrupt& interrupt);
    // How many exchanges have ended.
    [[nodiscard]] uint64_t Ended() const;
    // Waits until more than `seen` have. Throws what `interrupt` throws.
    void WaitForAnEnd(uint64_t seen, Interrupt& interrupt);

private:
    friend class HttpThread;

    struct AllClients;
    static AllClients& Clients();
    void BeginToStop() noexcept;
    void Stop() noexcept;
    void Run() noexcept;
    std::shared_ptr<HttpExchange> Next(); // nullptr: the end
    [[nodiscard]] bool ending() const noexcept;

    HttpSettings settings_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::shared_ptr<HttpExchange>> waiting_;
    size_t idle_ = 0;
    uint64_t ended_ = 0;
    std::condition_variable an_end_;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

} // namespace lifeboat
