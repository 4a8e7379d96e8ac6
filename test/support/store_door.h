// A second door into a store that somebody else owns; tests override what shall go wrong.
#pragma once

#include "core/store/store.h"

namespace lifeboat::test {

class StoreDoor : public Store {
public:
    explicit StoreDoor(Store& store) : store_(store) {}
    std::unique_ptr<Sink> Create(std::string_view name) override { return store_.Create(name); }
    std::unique_ptr<Source> Get(std::string_view name, ByteRange range) override {
        return store_.Get(name, range);
    }
    StoreObject Stat(std::string_view name) override { return store_.Stat(name); }
    void List(std::string_view prefix,
              const std::function<void(const StoreObject&)>& visit) override {
        store_.List(prefix, visit);
    }
    void Remove(std::string_view name) override { store_.Remove(name); }
    StoreProperties Properties() override { return store_.Properties(); }

private:
    Store& store_;
};

} // namespace lifeboat::test
