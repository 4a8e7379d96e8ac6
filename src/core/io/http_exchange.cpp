#include "core/io/http.h"

namespace lifeboat {

bool HttpExchange::Ended() const {
    const std::lock_guard lock(mutex_);
    return has_ended_;
}

const HttpAnswer& HttpExchange::Wait(Interrupt& interrupt) {
    std::unique_lock lock(mutex_);
    while (!has_ended_) {
        lock.unlock();
        interrupt.Check();
        lock.lock();
        ended_.wait_for(lock, kLookAtInterrupts, [this] { return has_ended_; });
    }
    if (error_) throw HttpError(*error_);
    return answer_;
}

const HttpAnswer* HttpExchange::Answer() const {
    const std::lock_guard lock(mutex_);
    return has_ended_ && !error_ ? &answer_ : nullptr;
}

bool HttpExchange::SentAgain() const {
    const std::lock_guard lock(mutex_);
    return sent_again_;
}

void HttpExchange::NoteSentAgain() {
    const std::lock_guard lock(mutex_);
    sent_again_ = true;
}

void HttpExchange::End(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    const auto ended = [this] { return has_ended_; };
    if (ended_.wait_for(lock, patience, ended)) return;
    broken_off_ = true;
    ended_.wait(lock, ended);
}

bool HttpExchange::BrokenOff() const {
    const std::lock_guard lock(mutex_);
    return broken_off_;
}

void HttpExchange::Answered(HttpAnswer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
    has_ended_ = true;
    ended_.notify_all();
}

void HttpExchange::Fail(HttpFault fault, std::string message) {
    const std::lock_guard lock(mutex_);
    error_ = std::make_unique<HttpError>(fault, std::move(message));
    has_ended_ = true;
    ended_.notify_all();
}

} // namespace lifeboat
