#include <algorithm>
#include <optional>
#include <unordered_set>

#include "core/store/decorators.h"
#include "core/store/forwarding.h"
#include "core/store/patience.h"

namespace lifeboat {
namespace {

bool HasBytes(Store& store, std::string_view name, Bytes expected) {
    if (store.Stat(name).size != expected.size()) return false;
    const auto source = store.Get(name);
    Buffer piece(64 << 10);
    while (const size_t got = source->Read(piece)) {
        if (got > expected.size() ||
            !std::ranges::equal(Bytes(piece).first(got), expected.first(got)))
            return false;
        expected = expected.subspan(got);
    }
    return expected.empty();
}

// Keeps what was written as long as it is small enough, and sends it again after a transient
// failure.
class RetrySink final : public Sink {
public:
    RetrySink(Store& store, std::string_view name, Patience& patience, uint64_t limit)
        : store_(store), name_(name), patience_(patience), limit_(limit) {
        inner_ = patience_.Try([&] { return store_.Create(name_); });
    }

    void Write(Bytes bytes) override {
        Keep(bytes);
        try {
            inner_->Write(bytes);
        } catch (const StoreError& error) {
            if (!CanRepeat(error)) throw;
            patience_.After(1);
            Repeat(1, false);
        }
    }
    void Hashed(Bytes sha256) override { inner_->Hashed(sha256); }
    void Finish() override {
        try {
            inner_->Finish();
        } catch (const StoreError& error) {
            if (!CanRepeat(error)) throw;
            patience_.After(1);
            Repeat(1, true);
        }
    }

private:
    void Keep(Bytes bytes) {
        if (!complete_) return;
        if (limit_ == 0 || kept_.size() + bytes.size() > limit_) {
            complete_ = false;
            kept_ = {};
            return;
        }
        kept_.insert(kept_.end(), bytes.begin(), bytes.end());
    }
    [[nodiscard]] bool CanRepeat(const StoreError& error) const noexcept {
        return complete_ && error.fault() == StoreFault::kTransient;
    }

    // From Create to where the stream stood, after `failures` of it failed.
    void Repeat(int failures, bool finish) {
        for (;; ++failures) {
            try {
                inner_.reset(); // the failed one ends before the next begins
                inner_ = store_.Create(name_);
                inner_->Write(kept_);
                if (finish) inner_->Finish();
                return;
            } catch (const StoreError& error) {
                // Only a Finish can have made it: then the acknowledgement was lost, not the
                // object.
                if (finish && error.fault() == StoreFault::kExists && IsOurs()) return;
                if (error.fault() != StoreFault::kTransient) throw;
                patience_.After(failures + 1);
            }
        }
    }
    bool IsOurs() {
        return patience_.Try([&] { return HasBytes(store_, name_, kept_); });
    }

    Store& store_;
    std::string name_;
    Patience& patience_;
    uint64_t limit_;
    std::unique_ptr<Sink> inner_;
    Buffer kept_;
    bool complete_ = true;
};

// Goes on where the stream broke off.
class RetrySource final : public Source {
public:
    RetrySource(Store& store, std::string_view name, ByteRange range, Patience& patience)
        : store_(store), name_(name), range_(range), patience_(patience) {
        inner_ = patience_.Try([&] { return store_.Get(name_, range_); });
    }
    size_t Read(MutableBytes into) override {
        const size_t got = patience_.Try([&] {
            if (!inner_) inner_ = store_.Get(name_, range_);
            try {
                return inner_->Read(into);
            } catch (const StoreError&) {
                inner_.reset();
                throw;
            }
        });
        range_.offset += got;
        if (range_.length != UINT64_MAX) range_.length -= got;
        return got;
    }

private:
    Store& store_;
    std::string name_;
    ByteRange range_; // what is still to come
    Patience& patience_;
    std::unique_ptr<Source> inner_;
};

class RetryStore final : public ForwardingStore {
public:
    RetryStore(std::unique_ptr<Store> inner, RetryPolicy policy, uint64_t buffer_limit)
        : ForwardingStore(std::move(inner)),
          patience_(std::move(policy)),
          buffer_limit_(buffer_limit) {}

    std::unique_ptr<Sink> Create(std::string_view name) override {
        return std::make_unique<RetrySink>(inner(), name, patience_, buffer_limit_);
    }
    std::unique_ptr<Source> Get(std::string_view name, ByteRange range) override {
        return std::make_unique<RetrySource>(inner(), name, range, patience_);
    }
    StoreObject Stat(std::string_view name) override {
        return patience_.Try([&] { return inner().Stat(name); });
    }
    // Goes on after the last that was shown.
    void StatEach(std::span<const std::string_view> names,
                  const std::function<void(const StoreObject&)>& visit) override {
        size_t shown = 0;
        const auto show = [&](const StoreObject& object) {
            visit(object);
            ++shown;
        };
        patience_.Try([&] { inner().StatEach(names.subspan(shown), show); });
    }
    void Remove(std::string_view name) override {
        patience_.Try([&] { inner().Remove(name); });
    }
    StoreProperties Properties() override {
        return patience_.Try([&] { return inner().Properties(); });
    }
    // A listing that broke off begins anew and passes over what was shown already. What `visit`
    // throws is not the listing's failure.
    void List(std::string_view prefix,
              const std::function<void(const StoreObject&)>& visit) override {
        std::unordered_set<std::string> shown;
        std::exception_ptr visitor_failed;
        const auto show = [&](const StoreObject& object) {
            if (!shown.insert(object.name).second) return;
            try {
                visit(object);
            } catch (...) {
                visitor_failed = std::current_exception();
                throw;
            }
        };
        patience_.Try([&] {
            try {
                inner().List(prefix, show);
            } catch (...) {
                if (!visitor_failed) throw;
            }
        });
        if (visitor_failed) std::rethrow_exception(visitor_failed);
    }

private:
    Patience patience_;
    uint64_t buffer_limit_;
};

} // namespace

std::unique_ptr<Store> WithRetry(std::unique_ptr<Store> inner, RetryPolicy policy,
                                 uint64_t buffer_limit) {
    return std::make_unique<RetryStore>(std::move(inner), std::move(policy), buffer_limit);
}

} // namespace lifeboat
