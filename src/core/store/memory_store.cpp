#include "core/store/memory_store.h"

#include <algorithm>

#include "core/store/store_name.h"

namespace lifeboat {
namespace {

constexpr std::string_view kUrl = "memory:";

class CopySource final : public Source {
public:
    explicit CopySource(Bytes bytes) : bytes_(bytes.begin(), bytes.end()), source_(bytes_) {}
    size_t Read(MutableBytes into) override { return source_.Read(into); }

private:
    Buffer bytes_;
    MemorySource source_;
};

class BufferSink final : public Sink {
public:
    explicit BufferSink(std::function<void(Buffer)> keep) : keep_(std::move(keep)) {}
    void Write(Bytes bytes) override { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
    void Finish() override { keep_(std::move(bytes_)); }

private:
    Buffer bytes_;
    std::function<void(Buffer)> keep_;
};

} // namespace

std::unique_ptr<Sink> MemoryStore::Create(std::string_view name) {
    CheckStoreName(name);
    if (objects_.contains(name)) throw ObjectExists(name, kUrl);
    return std::make_unique<BufferSink>([this, key = std::string(name)](Buffer&& bytes) {
        if (!objects_.try_emplace(key, std::move(bytes)).second) throw ObjectExists(key, kUrl);
        modified_[key] = Now();
    });
}

std::unique_ptr<Source> MemoryStore::Get(std::string_view name, ByteRange range) {
    CheckStoreName(name);
    const auto found = objects_.find(name);
    if (found == objects_.end()) throw ObjectAbsent(name, kUrl);
    const Bytes all(found->second);
    const size_t first = std::min<uint64_t>(range.offset, all.size());
    const size_t length = std::min<uint64_t>(range.length, all.size() - first);
    return std::make_unique<CopySource>(all.subspan(first, length));
}

StoreObject MemoryStore::Stat(std::string_view name) {
    CheckStoreName(name);
    const auto found = objects_.find(name);
    if (found == objects_.end()) throw ObjectAbsent(name, kUrl);
    const auto modified = modified_.find(name);
    return {found->first, found->second.size(),
            modified == modified_.end() ? Instant{} : modified->second};
}

void MemoryStore::List(std::string_view prefix,
                       const std::function<void(const StoreObject&)>& visit) {
    prefix = CheckStorePrefix(prefix);
    std::vector<StoreObject> found; // first, because `visit` may change the store
    for (const auto& [name, bytes] : objects_) {
        if (IsBelow(name, prefix)) found.push_back(Stat(name));
    }
    for (const auto& object : found) visit(object);
}

void MemoryStore::Remove(std::string_view name) {
    CheckStoreName(name);
    if (const auto found = objects_.find(name); found != objects_.end()) objects_.erase(found);
    if (const auto found = modified_.find(name); found != modified_.end()) modified_.erase(found);
}

StoreProperties MemoryStore::Properties() { return {std::string(kUrl), std::nullopt, {}}; }

} // namespace lifeboat
