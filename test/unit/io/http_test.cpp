// Exchanges with a service that listens and never says a word.
#include "core/io/http.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/base/unique_fd.h"

namespace lifeboat {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class Mute : public testing::Test {
protected:
    Mute() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* where = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_.get(), where, size) != 0 || ::listen(listener_.get(), 8) != 0 ||
            ::getsockname(listener_.get(), where, &size) != 0)
            ADD_FAILURE() << "cannot listen";
        url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/x";
    }

    HttpRequest Put() const {
        auto body = std::make_shared<HttpBody>();
        body->Append(AsBytes("rows"));
        HttpRequest request;
        request.method = "PUT";
        request.url = url_;
        request.body = body;
        return request;
    }
    static HttpFault FaultOf(HttpExchange& exchange) {
        NeverInterrupted never;
        try {
            exchange.Wait(never);
        } catch (const HttpError& error) {
            return error.fault();
        }
        ADD_FAILURE() << "it answered";
        return HttpFault::kBroken;
    }

    UniqueFd listener_;
    std::string url_;
};

TEST_F(Mute, WhatIsBrokenOffEndsSoon) {
    HttpClient client({});
    const auto exchange = client.Begin(Put());
    const auto begun = Clock::now();
    exchange->End(milliseconds(50));
    EXPECT_TRUE(exchange->Ended());
    EXPECT_EQ(FaultOf(*exchange), HttpFault::kAbandoned);
    EXPECT_GE(Clock::now() - begun, milliseconds(50));
}

TEST_F(Mute, SilenceIsATimeout) {
    HttpSettings settings;
    settings.timeout = std::chrono::seconds(1);
    HttpClient client(settings);
    const auto exchange = client.Begin(Put());
    EXPECT_EQ(FaultOf(*exchange), HttpFault::kTimeout);
}

TEST_F(Mute, AClientThatEndsTakesItsExchangesAlong) {
    std::shared_ptr<HttpExchange> exchange;
    {
        HttpClient client({});
        exchange = client.Begin(Put());
    }
    EXPECT_EQ(FaultOf(*exchange), HttpFault::kAbandoned);
}

TEST(HttpClient, SeveralThreadsMayHaveTheirOwn) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([] {
            for (int n = 0; n < 200; ++n) HttpClient client({});
        });
    }
    for (std::thread& thread : threads) thread.join();
}

} // namespace
} // namespace lifeboat
