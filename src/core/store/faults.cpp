#include <algorithm>

#include "core/store/decorators.h"
#include "core/store/forwarding.h"

namespace lifeboat {
namespace {

constexpr uint64_t kEvery = 256 << 10;

class FaultySink final : public Sink {
public:
    FaultySink(std::unique_ptr<Sink> inner, std::string name, const FaultHook& hook)
        : inner_(std::move(inner)), name_(std::move(name)), hook_(hook) {}
    void Write(Bytes bytes) override {
        while (!bytes.empty()) {
            if (offset_ % kEvery == 0) hook_("write", name_, offset_);
            const Bytes piece =
                bytes.first(std::min<uint64_t>(bytes.size(), kEvery - offset_ % kEvery));
            inner_->Write(piece);
            offset_ += piece.size();
            bytes = bytes.subspan(piece.size());
        }
    }
    void Hashed(Bytes sha256) override { inner_->Hashed(sha256); }
    void Finish() override {
        hook_("finish", name_, offset_);
        inner_->Finish();
        hook_("finished", name_, offset_);
    }

private:
    std::unique_ptr<Sink> inner_;
    std::string name_;
    const FaultHook& hook_;
    uint64_t offset_ = 0;
};

class FaultySource final : public Source {
public:
    FaultySource(std::unique_ptr<Source> inner, std::string name, const FaultHook& hook)
        : inner_(std::move(inner)), name_(std::move(name)), hook_(hook) {}
    size_t Read(MutableBytes into) override {
        if (offset_ % kEvery == 0) hook_("read", name_, offset_);
        const size_t got =
            inner_->Read(into.first(std::min<uint64_t>(into.size(), kEvery - offset_ % kEvery)));
        offset_ += got;
        return got;
    }

private:
    std::unique_ptr<Source> inner_;
    std::string name_;
    const FaultHook& hook_;
    uint64_t offset_ = 0;
};

class FaultStore final : public ForwardingStore {
public:
    FaultStore(std::unique_ptr<Store> inner, FaultHook hook)
        : ForwardingStore(std::move(inner)), hook_(std::move(hook)) {}

    std::unique_ptr<Sink> Create(std::string_view name) override {
        hook_("create", name, 0);
        return std::make_unique<FaultySink>(inner().Create(name), std::string(name), hook_);
    }
    std::unique_ptr<Source> Get(std::string_view name, ByteRange range) override {
        hook_("get", name, range.offset);
        return std::make_unique<FaultySource>(inner().Get(name, range), std::string(name), hook_);
    }
    StoreObject Stat(std::string_view name) override {
        hook_("stat", name, 0);
        return inner().Stat(name);
    }
    void List(std::string_view prefix,
              const std::function<void(const StoreObject&)>& visit) override {
        hook_("list", prefix, 0);
        inner().List(prefix, visit);
    }
    void Remove(std::string_view name) override {
        hook_("remove", name, 0);
        inner().Remove(name);
    }

private:
    FaultHook hook_;
};

} // namespace

std::unique_ptr<Store> WithFaults(std::unique_ptr<Store> inner, FaultHook hook) {
    return std::make_unique<FaultStore>(std::move(inner), std::move(hook));
}

} // namespace lifeboat
