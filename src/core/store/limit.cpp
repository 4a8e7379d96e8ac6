#include <algorithm>

#include "core/store/decorators.h"
#include "core/store/forwarding.h"

namespace lifeboat {
namespace {

using Clock = std::chrono::steady_clock;

// Bytes take their turn on a line of virtual time; what was not used is kept for a tenth of a
// second at most.
class Meter {
public:
    Meter(uint64_t bytes_per_second, std::function<void(std::chrono::milliseconds)> sleep)
        : rate_(static_cast<double>(std::max<uint64_t>(bytes_per_second, 1))),
          sleep_(std::move(sleep)) {}

    // So small a piece that a stream never stands still for longer than about a tenth of a second.
    [[nodiscard]] size_t piece() const noexcept {
        return std::clamp<size_t>(static_cast<size_t>(rate_ / 10), 1, 256 << 10);
    }

    void Spend(size_t bytes) {
        const auto now = Clock::now();
        next_ = std::max(next_, now - std::chrono::milliseconds(100));
        next_ += std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(static_cast<double>(bytes) / rate_));
        if (next_ > now) sleep_(std::chrono::ceil<std::chrono::milliseconds>(next_ - now));
    }

private:
    double rate_;
    std::function<void(std::chrono::milliseconds)> sleep_;
    Clock::time_point next_ = Clock::now();
};

class LimitedSink final : public Sink {
public:
    LimitedSink(std::unique_ptr<Sink> inner, Meter& meter)
        : inner_(std::move(inner)), meter_(meter) {}
    void Write(Bytes bytes) override {
        while (!bytes.empty()) {
            const Bytes piece = bytes.first(std::min(bytes.size(), meter_.piece()));
            meter_.Spend(piece.size());
            inner_->Write(piece);
            bytes = bytes.subspan(piece.size());
        }
    }
    void Hashed(Bytes sha256) override { inner_->Hashed(sha256); }
    void Finish() override { inner_->Finish(); }

private:
    std::unique_ptr<Sink> inner_;
    Meter& meter_;
};

class LimitedSource final : public Source {
public:
    LimitedSource(std::unique_ptr<Source> inner, Meter& meter)
        : inner_(std::move(inner)), meter_(meter) {}
    size_t Read(MutableBytes into) override {
        const size_t got = inner_->Read(into.first(std::min(into.size(), meter_.piece())));
        meter_.Spend(got);
        return got;
    }

private:
    std::unique_ptr<Source> inner_;
    Meter& meter_;
};

class LimitStore final : public ForwardingStore {
public:
    LimitStore(std::unique_ptr<Store> inner, Meter meter)
        : ForwardingStore(std::move(inner)), meter_(std::move(meter)) {}
    std::unique_ptr<Sink> Create(std::string_view name) override {
        return std::make_unique<LimitedSink>(inner().Create(name), meter_);
    }
    std::unique_ptr<Source> Get(std::string_view name, ByteRange range) override {
        return std::make_unique<LimitedSource>(inner().Get(name, range), meter_);
    }

private:
    Meter meter_;
};

} // namespace

std::unique_ptr<Store> WithLimit(std::unique_ptr<Store> inner, uint64_t bytes_per_second,
                                 std::function<void(std::chrono::milliseconds)> sleep) {
    return std::make_unique<LimitStore>(std::move(inner),
                                        Meter(bytes_per_second, std::move(sleep)));
}

} // namespace lifeboat
