// What decorators share: a Store that passes everything on.
#pragma once

#include <memory>
#include <utility>

#include "core/store/store.h"

namespace lifeboat {

class ForwardingStore : public Store {
public:
    explicit ForwardingStore(std::unique_ptr<Store> inner) : inner_(std::move(inner)) {}
    std::unique_ptr<Sink> Create(std::string_view name) override { return inner_->Create(name); }
    std::unique_ptr<Source> Get(std::string_view name, ByteRange range) override {
        return inner_->Get(name, range);
    }
    StoreObject Stat(std::string_view name) override { return inner_->Stat(name); }
    void StatEach(std::span<const std::string_view> names,
                  const std::function<void(const StoreObject&)>& visit) override {
        inner_->StatEach(names, visit);
    }
    void List(std::string_view prefix,
              const std::function<void(const StoreObject&)>& visit) override {
        inner_->List(prefix, visit);
    }
    void Remove(std::string_view name) override { inner_->Remove(name); }
    StoreProperties Properties() override { return inner_->Properties(); }
    void DeferDurability() override { inner_->DeferDurability(); }
    void Sync(Interrupt& interrupt) override { inner_->Sync(interrupt); }
    size_t RemoveStaleTemporaries() override { return inner_->RemoveStaleTemporaries(); }
    [[nodiscard]] uint64_t BytesWaiting() const override { return inner_->BytesWaiting(); }
    [[nodiscard]] uint64_t ComfortableBytes() const override { return inner_->ComfortableBytes(); }
    bool Distrust(std::string_view name, const Error& reason) override {
        return inner_->Distrust(name, reason);
    }

protected:
    [[nodiscard]] Store& inner() noexcept { return *inner_; }

private:
    std::unique_ptr<Store> inner_;
};

} // namespace lifeboat
