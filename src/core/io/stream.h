// Source and Sink: the two ends of every pipeline.
//
// A stage of a pipeline is a Sink that owns nothing of its successor but a reference to it;
// recipe.h orders the stages. Endings are spoken: Finish() flushes, may throw, and makes the thing
// visible. A destructor without Finish() aborts quietly and leaves nothing visible. After an
// exception from Write or Finish the only thing to do with a Sink is to destroy it.
#pragma once

#include "core/base/bytes.h"
#include "core/base/interrupt.h"

namespace lifeboat {

class Source {
public:
    virtual ~Source() = default;
    // Reads at most into.size() bytes; 0 means the end.
    virtual size_t Read(MutableBytes into) = 0;
};

class Sink {
public:
    virtual ~Sink() = default;
    virtual void Write(Bytes bytes) = 0;
    // The SHA-256 of all that was written, from a tap that has taken it on the way: said before
    // Finish(), so that nobody behind it takes it again.
    virtual void Hashed(Bytes /*sha256*/) {}
    virtual void Finish() = 0;
};

// Moves everything from source to sink in pieces of 256 KiB, checking for interrupts between them;
// does not Finish() the sink. Returns the bytes moved.
uint64_t Pump(Source& source, Sink& sink, Interrupt& interrupt);

// The small ends.
class DiscardSink final : public Sink {
public:
    void Write(Bytes) override {}
    void Finish() override {}
};

class StringSink final : public Sink {
public:
    // Throws Error(Damaged) beyond `limit` bytes.
    explicit StringSink(uint64_t limit = UINT64_MAX) : limit_(limit) {}
    void Write(Bytes bytes) override;
    void Finish() override {}
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    std::string Take() noexcept { return std::move(text_); }

private:
    uint64_t limit_;
    std::string text_;
};

class MemorySource final : public Source {
public:
    // Borrows: the bytes must outlive the source.
    explicit MemorySource(Bytes bytes) : rest_(bytes) {}
    size_t Read(MutableBytes into) override;

private:
    Bytes rest_;
};

class FdSource final : public Source {
public:
    // Borrows the descriptor. `name` is for error messages.
    FdSource(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
    size_t Read(MutableBytes into) override;

private:
    int fd_;
    std::string name_;
};

class FdSink final : public Sink {
public:
    FdSink(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
    void Write(Bytes bytes) override;
    void Finish() override {}

private:
    int fd_;
    std::string name_;
};

} // namespace lifeboat
