// Taps: sinks that look at what flows by and pass it on unchanged.
#pragma once

#include <atomic>
#include <optional>
#include <utility>

#include "core/crypto/sha256.h"
#include "core/io/stream.h"

namespace lifeboat {

// Hashes and counts.
class HashTap final : public Sink {
public:
    explicit HashTap(Sink& next) : next_(next) {}
    void Write(Bytes bytes) override;
    void Finish() override;
    [[nodiscard]] uint64_t bytes() const noexcept { return bytes_; }
    Sha256Digest Digest(); // of all: nothing can be written afterwards

private:
    Sink& next_;
    Sha256 hash_;
    std::optional<Sha256Digest> digest_;
    uint64_t bytes_ = 0;
};

// Counts bytes and lines (COPY TEXT escapes newlines, so lines are rows).
class CountTap final : public Sink {
public:
    explicit CountTap(Sink& next) : next_(next) {}
    void Write(Bytes bytes) override;
    void Finish() override { next_.Finish(); }
    [[nodiscard]] uint64_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] uint64_t lines() const noexcept { return lines_; }
    [[nodiscard]] bool ends_with_newline() const noexcept { return last_ == std::byte{'\n'}; }

private:
    Sink& next_;
    uint64_t bytes_ = 0;
    uint64_t lines_ = 0;
    std::byte last_{'\n'};
};

// Adds what flows by to a shared counter and checks for interrupts.
class ProgressTap final : public Sink {
public:
    ProgressTap(Sink& next, std::atomic<uint64_t>& done, Interrupt& interrupt)
        : next_(next), done_(done), interrupt_(interrupt) {}
    void Write(Bytes bytes) override;
    void Finish() override { next_.Finish(); }
    // What flowed by was of no use: it counts no more.
    void TakeBack() noexcept { done_.fetch_sub(std::exchange(bytes_, 0)); }

private:
    Sink& next_;
    std::atomic<uint64_t>& done_;
    Interrupt& interrupt_;
    uint64_t bytes_ = 0;
};

} // namespace lifeboat
