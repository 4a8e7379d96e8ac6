// What a formatter writes, looked at closely: with every distance to the end of the buffer, and
// nothing behind the end.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/copytext/type_format.h"

namespace lifeboat {

// The text that a formatter leaves the value to the output function with.
inline constexpr std::string_view kLeft = "(left)";

// A buffer with so many bytes left at first, and a mark behind its end that must stay.
class EdgeOut final : public TextOut {
public:
    explicit EdgeOut(size_t room) { Fill(room); }
    // What was written; fails the test if the mark was hit.
    std::string Take() {
        Collect();
        return text_;
    }
    [[nodiscard]] bool drained() const noexcept { return drained_; }

private:
    static constexpr size_t kMark = 64;

    void Drain() override {
        drained_ = true;
        Collect();
        Fill(kMaxReserve);
    }
    void Fill(size_t room) {
        bytes_.resize(room + kMark);
        std::memset(bytes_.data() + room, '#', kMark);
        begin_ = next_ = bytes_.data();
        end_ = begin_ + room;
    }
    void Collect() {
        text_.append(begin_, next_);
        begin_ = next_;
        EXPECT_LE(next_, end_);
        EXPECT_EQ(std::string_view(end_, kMark), std::string(kMark, '#'))
            << "behind " << std::string_view(text_).substr(0, 100);
    }

    std::string bytes_;
    std::string text_;
    bool drained_ = false;
};

class Formatting {
public:
    // The value lies in a block of the heap of just its size: reads beyond it are found by
    // AddressSanitizer.
    Formatting(FormatFunction format, std::string_view bytes)
        : format_(format), value_(bytes.begin(), bytes.end()), text_(With(0)) {}

    // With every kind of distance to the end: none, some of it, and the least with which the buffer
    // is not emptied, where a byte too many hits the mark.
    std::string AtEveryEdge() {
        size_t too_small = 0;
        size_t enough = 64;
        for (With(enough); drained_; With(enough)) enough *= 2;
        while (enough - too_small > 1) {
            const size_t room = (too_small + enough) / 2;
            Expect(room);
            (drained_ ? too_small : enough) = room;
        }
        constexpr size_t kSteps = 16;
        for (size_t step = 1; step <= kSteps; ++step) Expect(enough * step / kSteps);
        return text_;
    }

private:
    std::string With(size_t room) {
        EdgeOut out(room);
        const TypeFormat type;
        const bool written = format_(type, value_.data(), value_.size(), out);
        drained_ = out.drained();
        std::string text = out.Take();
        if (written) return text;
        EXPECT_EQ(text, "");
        return std::string(kLeft);
    }
    void Expect(size_t room) { EXPECT_EQ(With(room), text_) << "with room for " << room; }

    FormatFunction format_;
    std::vector<char> value_;
    bool drained_ = false;
    std::string text_;
};

inline std::string FormattedBytes(FormatFunction format, std::string_view bytes) {
    return Formatting(format, bytes).AtEveryEdge();
}

template <typename... Parts>
std::string BytesOf(Parts... parts) {
    std::string bytes;
    (bytes.append(reinterpret_cast<const char*>(&parts), sizeof(parts)), ...);
    return bytes;
}

// Of a fixed-length value, as its parts lie in memory.
template <typename... Parts>
std::string Formatted(FormatFunction format, Parts... parts) {
    return FormattedBytes(format, BytesOf(parts...));
}

} // namespace lifeboat
