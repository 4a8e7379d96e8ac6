// Takes a short secret into memory that never moves and is wiped at the end.
#pragma once

#include <algorithm>

#include "core/base/error.h"
#include "core/crypto/key.h"
#include "core/io/stream.h"

namespace lifeboat {

class SecretSink final : public Sink {
public:
    // Throws Error(Damaged) beyond `limit` bytes.
    explicit SecretSink(size_t limit) : memory_(limit) {}
    SecretSink(const SecretSink&) = delete;
    SecretSink& operator=(const SecretSink&) = delete;
    ~SecretSink() override { Wipe(memory_); }

    void Write(Bytes bytes) override {
        if (bytes.size() > memory_.size() - size_) {
            throw Error(Errc::Damaged,
                        "secret is longer than " + std::to_string(memory_.size()) + " bytes");
        }
        std::copy(bytes.begin(), bytes.end(), memory_.begin() + static_cast<std::ptrdiff_t>(size_));
        size_ += bytes.size();
    }
    void Finish() override {}
    [[nodiscard]] std::string_view text() const noexcept {
        return AsText(Bytes(memory_).first(size_));
    }

private:
    Buffer memory_;
    size_t size_ = 0;
};

} // namespace lifeboat
