// A service in this process, which answers requests as a test tells it to. Each connection has a
// thread; an answer may take as long as the test likes.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/base/unique_fd.h"

namespace lifeboat::test {

// A socket that listens on a port of its own of 127.0.0.1.
UniqueFd ListenHere(int& port);

struct StandInRequest {
    std::string method;
    std::string path;                           // as it came
    std::map<std::string, std::string> headers; // lower-case names
    std::string body;
};

struct StandInAnswer {
    int status = 200;
    std::map<std::string, std::string> headers;
    std::string body;
};

class HttpStandIn {
public:
    using Handler = std::function<StandInAnswer(const StandInRequest&)>;
    explicit HttpStandIn(Handler handler);
    HttpStandIn(const HttpStandIn&) = delete;
    HttpStandIn& operator=(const HttpStandIn&) = delete;
    // Ends the connections; the handler must not be waiting for anything that does not come.
    ~HttpStandIn();
    [[nodiscard]] std::string endpoint() const {
        return "http://127.0.0.1:" + std::to_string(port_);
    }

private:
    void Listen();
    void Serve(int connection);

    Handler handler_;
    int port_ = 0;
    UniqueFd listener_;
    std::mutex mutex_;
    bool ending_ = false;
    std::vector<int> connections_;
    std::vector<std::thread> threads_;
    std::thread listening_;
};

} // namespace lifeboat::test
