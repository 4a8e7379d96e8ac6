#include "core/io/http.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

namespace lifeboat {
namespace {

constexpr size_t kMostHeaders = 256;

// Once in a process, before its first thread of ours; libcurl counts its uses itself.
void StartCurl() {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started != CURLE_OK)
        throw Error(Errc::Internal, "could not start libcurl", curl_easy_strerror(started));
}

// For the time in which threads are made: they inherit the mask.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

HttpFault FaultOf(CURLcode code) {
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return HttpFault::kName;
    case CURLE_COULDNT_CONNECT: return HttpFault::kConnect;
    case CURLE_OPERATION_TIMEDOUT: return HttpFault::kTimeout;
    case CURLE_SSL_CONNECT_ERROR: return HttpFault::kHandshake;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR: return HttpFault::kTls;
    case CURLE_SSL_CACERT_BADFILE: return HttpFault::kSettings;
    default: return HttpFault::kBroken;
    }
}

// What libcurl has handed over counts as sent, and a kernel takes megabytes for each connection: it
// is to keep little more than what is on its way (tcp(7)), or a slow line looks like a fast one.
int OnSocket(void* /*client*/, curl_socket_t socket, curlsocktype /*purpose*/) noexcept {
    constexpr int kMostUnsent = 128 << 10;
    setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kMostUnsent, sizeof kMostUnsent);
    return CURL_SOCKOPT_OK;
}

struct FreeHandle {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct FreeList {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

} // namespace

// --- a thread with its connection ----------------------------------------------------------------

// Called back by libcurl: nothing may be thrown through it.
class HttpThread {
public:
    explicit HttpThread(HttpClient& client) : client_(client), handle_(curl_easy_init()) {}

    void Do(HttpExchange& exchange) {
        if (!handle_) return exchange.Fail(HttpFault::kBroken, "out of memory for libcurl");
        const HttpRequest& request = exchange.request_;
        answer_ = {};
        sent_ = 0;
        too_long_ = rewound_ = stalled_ = false;
        moved_ = 0;
        moved_at_ = std::chrono::steady_clock::now();
        request_ = &request;
        exchange_ = &exchange;
        std::unique_ptr<curl_slist, FreeList> headers;
        for (const std::string& line : request.headers) Append(headers, line);
        Append(headers, "Expect:"); // no round trip before the body
        curl_easy_reset(handle_.get());
        SetUp(request, headers.get());
        char said[CURL_ERROR_SIZE] = "";
        Set(CURLOPT_ERRORBUFFER, said);
        const CURLcode code = curl_easy_perform(handle_.get());
        if (rewound_) exchange.NoteSentAgain();
        if (code != CURLE_OK) return Failed(exchange, code, said);
        long status = 0;
        curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
        answer_.status = static_cast<int>(status);
        exchange.Answered(std::move(answer_));
    }

private:
    template <class Value>
    void Set(CURLoption option, Value value) {
        curl_easy_setopt(handle_.get(), option, value);
    }

    static void Append(std::unique_ptr<curl_slist, FreeList>& list, const std::string& line) {
        curl_slist* longer = curl_slist_append(list.get(), line.c_str());
        if (longer == nullptr) return;
        static_cast<void>(list.release());
        list.reset(longer);
    }

    void SetUp(const HttpRequest& request, curl_slist* headers) {
        const HttpSettings& settings = client_.settings_;
        Set(CURLOPT_URL, request.url.c_str());
        Set(CURLOPT_NOSIGNAL, 1L);
        Set(CURLOPT_QUICK_EXIT, 1L); // a name server that does not answer is not waited for
        Set(CURLOPT_PROTOCOLS_STR, "http,https");
        Set(CURLOPT_HTTP_VERSION,
            static_cast<long>(CURL_HTTP_VERSION_1_1)); // a connection for each
        Set(CURLOPT_PATH_AS_IS, 1L);
        Set(CURLOPT_TCP_KEEPALIVE, 1L);
        Set(CURLOPT_SOCKOPTFUNCTION, &OnSocket);
        Set(CURLOPT_BUFFERSIZE, 128L << 10);
        Set(CURLOPT_UPLOAD_BUFFERSIZE, 128L << 10);
        Set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.connect_timeout.count()));
        Set(CURLOPT_LOW_SPEED_LIMIT, 1L);
        Set(CURLOPT_LOW_SPEED_TIME,
            std::max(1L, static_cast<long>(settings.timeout.count() / 1000)));
        if (!settings.ca_file.empty()) Set(CURLOPT_CAINFO, settings.ca_file.c_str());
        Set(CURLOPT_HTTPHEADER, headers);
        Set(CURLOPT_HEADERFUNCTION, &HttpThread::OnHeader);
        Set(CURLOPT_HEADERDATA, this);
        Set(CURLOPT_WRITEFUNCTION, &HttpThread::OnBody);
        Set(CURLOPT_WRITEDATA, this);
        Set(CURLOPT_NOPROGRESS, 0L);
        Set(CURLOPT_XFERINFOFUNCTION, &HttpThread::OnProgress);
        Set(CURLOPT_XFERINFODATA, this);
        SetMethod(request);
    }

    void SetMethod(const HttpRequest& request) {
        if (request.method == "HEAD") Set(CURLOPT_NOBODY, 1L);
        if (request.body || request.method == "PUT") {
            Set(CURLOPT_UPLOAD, 1L);
            Set(CURLOPT_READFUNCTION, &HttpThread::OnRead);
            Set(CURLOPT_READDATA, this);
            Set(CURLOPT_SEEKFUNCTION, &HttpThread::OnSeek);
            Set(CURLOPT_SEEKDATA, this);
            Set(CURLOPT_INFILESIZE_LARGE,
                static_cast<curl_off_t>(request.body ? request.body->size() : 0));
        }
        if (request.method != "GET" && request.method != "HEAD")
            Set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }

    void Failed(HttpExchange& exchange, CURLcode code, const char* said) {
        if (too_long_) return exchange.Fail(HttpFault::kTooLong, "the answer is too long");
        if (stalled_)
            return exchange.Fail(HttpFault::kTimeout,
                                 "nothing was sent or received for " +
                                     std::to_string(client_.settings_.timeout.count() / 1000) +
                                     " s");
        if (code == CURLE_ABORTED_BY_CALLBACK)
            return exchange.Fail(HttpFault::kAbandoned, "the transfer was broken off");
        exchange.Fail(FaultOf(code), *said != '\0' ? said : curl_easy_strerror(code));
    }

    static size_t OnHeader(char* data, size_t /*one*/, size_t size, void* self) noexcept {
        return static_cast<HttpThread*>(self)->TakeHeader({data, size}) ? size : 0;
    }
    static size_t OnBody(char* data, size_t /*one*/, size_t size, void* self) noexcept {
        return static_cast<HttpThread*>(self)->TakeBody({data, size}) ? size : 0;
    }
    static size_t OnRead(char* into, size_t one, size_t count, void* self) noexcept {
        return static_cast<HttpThread*>(self)->GiveBody(into, one * count);
    }
    static int OnSeek(void* self, curl_off_t offset, int origin) noexcept {
        if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
        auto* thread = static_cast<HttpThread*>(self);
        thread->rewound_ = thread->rewound_ || thread->sent_ > 0;
        thread->sent_ = static_cast<uint64_t>(offset);
        return CURL_SEEKFUNC_OK;
    }
    static int OnProgress(void* self, curl_off_t /*down*/, curl_off_t down_done, curl_off_t /*up*/,
                          curl_off_t up_done) noexcept {
        auto* thread = static_cast<HttpThread*>(self);
        thread->exchange_->sent_bytes_ = static_cast<uint64_t>(up_done);
        const bool stop = thread->client_.ending() || thread->exchange_->BrokenOff();
        return stop || thread->IsStalled(down_done + up_done) ? 1 : 0;
    }

    // libcurl's own measure is an average, which is late after much was sent.
    bool IsStalled(curl_off_t moved) noexcept {
        const auto now = std::chrono::steady_clock::now();
        if (moved != moved_) moved_at_ = now;
        moved_ = moved;
        stalled_ = now - moved_at_ > client_.settings_.timeout;
        return stalled_;
    }

    bool TakeHeader(std::string_view line) noexcept {
        try {
            if (line.starts_with("HTTP/")) answer_ = {}; // after 100 Continue comes another
            const size_t colon = line.find(':');
            if (colon == std::string_view::npos || answer_.headers.size() >= kMostHeaders)
                return true;
            std::string name(line.substr(0, colon));
            std::transform(name.begin(), name.end(), name.begin(), [](char c) {
                return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
            });
            answer_.headers[std::move(name)] = Trimmed(line.substr(colon + 1));
            return true;
        } catch (...) {
            return false;
        }
    }

    bool TakeBody(std::string_view data) noexcept {
        if (answer_.body.size() + data.size() > request_->most_answer) {
            too_long_ = true;
            return false;
        }
        try {
            answer_.body.append(data);
            return true;
        } catch (...) {
            return false;
        }
    }

    size_t GiveBody(char* into, size_t room) noexcept {
        if (!request_->body) return 0;
        size_t given = 0;
        while (given < room) {
            const Bytes rest = request_->body->At(sent_);
            if (rest.empty()) break;
            const size_t size = std::min(room - given, rest.size());
            std::memcpy(into + given, rest.data(), size);
            given += size;
            sent_ += size;
        }
        return given;
    }

    HttpClient& client_;
    std::unique_ptr<CURL, FreeHandle> handle_;
    const HttpRequest* request_ = nullptr;
    HttpExchange* exchange_ = nullptr;
    HttpAnswer answer_;
    uint64_t sent_ = 0;
    bool too_long_ = false;
    bool rewound_ = false;
    curl_off_t moved_ = 0; // bytes in both directions, and when the last of them did
    std::chrono::steady_clock::time_point moved_at_;
    bool stalled_ = false;
};

// --- the client ----------------------------------------------------------------------------------

// Several threads of a program may have clients.
struct HttpClient::AllClients {
    std::mutex mutex;
    std::set<HttpClient*> clients;
};

HttpClient::HttpClient(HttpSettings settings) : settings_(std::move(settings)) {
    StartCurl();
    AllClients& all = Clients();
    const std::lock_guard lock(all.mutex);
    all.clients.insert(this);
}

HttpClient::~HttpClient() {
    {
        AllClients& all = Clients();
        const std::lock_guard lock(all.mutex);
        all.clients.erase(this);
    }
    Stop();
}

// Never freed.
HttpClient::AllClients& HttpClient::Clients() {
    static auto* clients = new AllClients();
    return *clients;
}

void HttpClient::StopAll() noexcept {
    std::set<HttpClient*> clients;
    {
        AllClients& all = Clients();
        const std::lock_guard lock(all.mutex);
        clients.swap(all.clients);
    }
    for (HttpClient* client : clients) client->BeginToStop();
    for (HttpClient* client : clients) client->Stop();
}

void HttpClient::BeginToStop() noexcept {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
}

void HttpClient::Stop() noexcept {
    BeginToStop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    for (const auto& exchange : std::exchange(waiting_, {}))
        exchange->Fail(HttpFault::kAbandoned, "the client has ended");
}

bool HttpClient::ending() const noexcept {
    const std::lock_guard lock(mutex_);
    return ending_;
}

std::shared_ptr<HttpExchange> HttpClient::Begin(HttpRequest request) {
    auto exchange = std::make_shared<HttpExchange>(std::move(request));
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(exchange);
        if (idle_ < waiting_.size() && threads_.size() < settings_.connections) {
            const SignalsBlocked blocked;
            threads_.emplace_back([this] { Run(); });
        }
    }
    changed_.notify_one();
    return exchange;
}

HttpAnswer HttpClient::Send(HttpRequest request, Interrupt& interrupt) {
    return Begin(std::move(request))->Wait(interrupt);
}

uint64_t HttpClient::Ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
}

void HttpClient::WaitForAnEnd(uint64_t seen, Interrupt& interrupt) {
    std::unique_lock lock(mutex_);
    const auto there_is = [&] { return ended_ > seen || ending_; };
    while (!there_is()) {
        lock.unlock();
        interrupt.Check();
        lock.lock();
        an_end_.wait_for(lock, kLookAtInterrupts, there_is);
    }
}

std::shared_ptr<HttpExchange> HttpClient::Next() {
    std::unique_lock lock(mutex_);
    ++idle_;
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    --idle_;
    if (ending_) return nullptr;
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    return next;
}

void HttpClient::Run() noexcept {
    HttpThread thread(*this);
    while (const auto exchange = Next()) {
        try {
            thread.Do(*exchange);
        } catch (const std::exception& error) {
            exchange->Fail(HttpFault::kBroken, error.what());
        }
        const std::lock_guard lock(mutex_);
        ++ended_;
        an_end_.notify_all();
    }
}

} // namespace lifeboat
