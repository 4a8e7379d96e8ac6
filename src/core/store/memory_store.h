// A store in memory, for tests and as the contract's reference.
#pragma once

#include <map>

#include "core/store/store.h"

namespace lifeboat {

class MemoryStore final : public Store {
public:
    std::unique_ptr<Sink> Create(std::string_view name) override;
    std::unique_ptr<Source> Get(std::string_view name, ByteRange range) override;
    StoreObject Stat(std::string_view name) override;
    void List(std::string_view prefix,
              const std::function<void(const StoreObject&)>& visit) override;
    void Remove(std::string_view name) override;
    StoreProperties Properties() override;

    // For tests: what an attacker or a bad disk does.
    std::map<std::string, Buffer, std::less<>>& objects() noexcept { return objects_; }

private:
    std::map<std::string, Buffer, std::less<>> objects_;
    std::map<std::string, Instant, std::less<>> modified_; // of what came through Create
};

} // namespace lifeboat
