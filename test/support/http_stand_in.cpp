#include "support/http_stand_in.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace lifeboat::test {
namespace {

// One connection, read by lines and by lengths. Everything is empty once it has ended.
class Connection {
public:
    explicit Connection(int socket) : socket_(socket) {}

    std::optional<StandInRequest> Next() {
        const size_t end = Fill([this] { return kept_.find("\r\n\r\n"); });
        if (end == std::string::npos) return std::nullopt;
        StandInRequest request = ParseHead(kept_.substr(0, end));
        kept_.erase(0, end + 4);
        const auto length = request.headers.find("content-length");
        const size_t size = length == request.headers.end() ? 0 : std::stoul(length->second);
        if (Fill([&] { return kept_.size() >= size ? size : std::string::npos; }) ==
            std::string::npos)
            return std::nullopt;
        request.body = kept_.substr(0, size);
        kept_.erase(0, size);
        return request;
    }

    void Send(const StandInAnswer& answer, bool with_body) {
        std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " -\r\n";
        for (const auto& [name, value] : answer.headers) text += name + ": " + value + "\r\n";
        if (!answer.headers.contains("content-length"))
            text += "content-length: " + std::to_string(answer.body.size()) + "\r\n";
        text += "\r\n";
        if (with_body) text += answer.body;
        for (size_t sent = 0; sent < text.size();) {
            const ssize_t more =
                ::send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
            if (more <= 0) return;
            sent += static_cast<size_t>(more);
        }
    }

private:
    template <class Found>
    size_t Fill(Found found) {
        for (;;) {
            if (const size_t at = found(); at != std::string::npos) return at;
            char piece[64 << 10];
            const ssize_t got = ::recv(socket_, piece, sizeof piece, 0);
            if (got <= 0) return std::string::npos;
            kept_.append(piece, static_cast<size_t>(got));
        }
    }

    static StandInRequest ParseHead(const std::string& head) {
        StandInRequest request;
        size_t at = head.find("\r\n");
        const std::string first = head.substr(0, at);
        const size_t space = first.find(' ');
        request.method = first.substr(0, space);
        request.path = first.substr(space + 1, first.rfind(' ') - space - 1);
        while (at < head.size()) {
            const size_t begin = at + 2;
            at = std::min(head.find("\r\n", begin), head.size());
            const std::string line = head.substr(begin, at - begin);
            const size_t colon = line.find(':');
            std::string name = line.substr(0, colon);
            std::transform(name.begin(), name.end(), name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
            request.headers[name] = line.substr(line.find_first_not_of(' ', colon + 1));
        }
        return request;
    }

    int socket_;
    std::string kept_;
};

} // namespace

UniqueFd ListenHere(int& port) {
    UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener.get(), where, size) != 0 || ::listen(listener.get(), 64) != 0 ||
        ::getsockname(listener.get(), where, &size) != 0)
        throw std::runtime_error("cannot listen");
    port = ntohs(address.sin_port);
    return listener;
}

HttpStandIn::HttpStandIn(Handler handler)
    : handler_(std::move(handler)), listener_(ListenHere(port_)) {
    listening_ = std::thread([this] { Listen(); });
}

HttpStandIn::~HttpStandIn() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        for (const int connection : connections_) ::shutdown(connection, SHUT_RDWR);
    }
    ::shutdown(listener_.get(), SHUT_RDWR); // wakes accept()
    listening_.join();
    for (std::thread& thread : threads_) thread.join();
    for (const int connection : connections_) ::close(connection);
}

void HttpStandIn::Listen() {
    for (;;) {
        const int connection = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) return;
        const std::lock_guard lock(mutex_);
        connections_.push_back(connection);
        if (ending_) return;
        threads_.emplace_back([this, connection] { Serve(connection); });
    }
}

void HttpStandIn::Serve(int connection) {
    Connection stream(connection);
    while (const auto request = stream.Next())
        stream.Send(handler_(*request), request->method != "HEAD");
}

} // namespace lifeboat::test
