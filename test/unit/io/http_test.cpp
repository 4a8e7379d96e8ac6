// Exchanges with a service that listens and never says a word.
#include "core/io/http.h"

#include <gtest/gtest.h>

#include "support/http_stand_in.h"

namespace lifeboat {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class Mute : public testing::Test {
protected:
    Mute() : listener_(test::ListenHere(port_)) {}

    HttpRequest Put() const {
        auto body = std::make_shared<HttpBody>();
        body->Append(AsBytes("rows"));
        HttpRequest request;
        request.method = "PUT";
        request.url = "http://127.0.0.1:" + std::to_string(port_) + "/x";
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

    int port_ = 0;
    UniqueFd listener_;
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
