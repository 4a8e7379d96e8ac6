// Where formatted text goes: a buffer that is filled by bumping a pointer and emptied when it is
// full, so that a value of any size passes through bounded memory and a small one costs no call.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

namespace lifeboat {

class TextOut {
public:
    // What Reserve() can be asked for.
    static constexpr size_t kMaxReserve = 16 * 1024;

    virtual ~TextOut() = default;
    TextOut(const TextOut&) = delete;
    TextOut& operator=(const TextOut&) = delete;

    // Room for `size` bytes, at most kMaxReserve. Write there, then call Advance() with the end of
    // what was written.
    char* Reserve(size_t size) {
        if (static_cast<size_t>(end_ - next_) < size) Drain();
        return next_;
    }
    void Advance(char* end) noexcept { next_ = end; }

    void Put(char c) {
        *Reserve(1) = c;
        ++next_;
    }
    // After a Put(): another character instead of that one.
    void ReplaceLast(char c) noexcept { next_[-1] = c; }
    void PutPlain(std::string_view text); // nothing in it needs escaping
    // With the escapes of COPY TEXT (escape.h).
    void PutEscaped(std::string_view text);

protected:
    TextOut() = default;
    // Takes what lies in [begin_, next_) and leaves room for at least kMaxReserve bytes.
    virtual void Drain() = 0;

    char* begin_ = nullptr;
    char* next_ = nullptr;
    char* end_ = nullptr;
};

// Collects text in memory: elements that are quoted before they are passed on, and tests.
class TextCollector final : public TextOut {
public:
    TextCollector();
    [[nodiscard]] std::string_view text() const noexcept {
        return {begin_, static_cast<size_t>(next_ - begin_)};
    }
    void Clear() noexcept { next_ = begin_; }

private:
    void Drain() override;
    std::string bytes_;
};

} // namespace lifeboat
