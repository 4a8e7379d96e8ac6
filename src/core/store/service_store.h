// A store kept by a service over HTTP.
//
// An object is one PUT, made when its sink ends: until then its bytes are kept in memory. With
// DeferDurability() a sink's end only begins the PUT, and writing goes on; Sync() waits for them.
// Create-once is `If-None-Match: *`; the few names that are not random are looked up before, too,
// because there are services that ignore that header.
#pragma once

#include <deque>
#include <memory>

#include "core/store/patience.h"
#include "core/store/service.h"

namespace lifeboat {

class ServiceStore final : public Store {
public:
    // `policy` is for uploads: what else fails is for whoever asked. Every wait looks at
    // `interrupt`, which outlives the store.
    ServiceStore(std::unique_ptr<Service> service, RetryPolicy policy, Interrupt& interrupt);
    ~ServiceStore() override;

    std::unique_ptr<Sink> Create(std::string_view name) override;
    std::unique_ptr<Source> Get(std::string_view name, ByteRange range) override;
    StoreObject Stat(std::string_view name) override;
    void StatEach(std::span<const std::string_view> names,
                  const std::function<void(const StoreObject&)>& visit) override;
    void List(std::string_view prefix,
              const std::function<void(const StoreObject&)>& visit) override;
    void Remove(std::string_view name) override;
    StoreProperties Properties() override;
    void DeferDurability() override { deferred_ = true; }
    void Sync(Interrupt& interrupt) override;
    [[nodiscard]] uint64_t BytesWaiting() const override;
    [[nodiscard]] uint64_t ComfortableBytes() const override { return comfortable_; }

private:
    // A small table's rows stay in one object, and so in their order, unless the line is bad.
    static constexpr uint64_t kFirstComfortable = 8ULL << 20;

    class ObjectSink;
    class ObjectSource;
    struct Upload;

    std::shared_ptr<HttpExchange> Begin(const ServiceCall& call);
    // The answer when it is a good one; otherwise throws StoreError.
    const HttpAnswer& Await(HttpExchange& exchange, const ServiceCall& call);
    HttpAnswer Ask(const ServiceCall& call);

    void BeginUpload(std::string_view name, HttpBody body, const Sha256Digest& digest);
    void Finish(Upload& upload);
    void Settle(Upload& upload, bool sent_before);
    void MakeRoomFor(uint64_t bytes);
    void FinishUpload(size_t index);
    void FinishOldest() { FinishUpload(0); }
    void FinishEnded();
    void LearnWhatIsComfortable();
    void FinishUploadsThrough(std::string_view name);
    bool IsStored(const Upload& upload);
    bool MayExist(std::string_view name);
    void EndLeftUploads(std::string_view name);

    std::unique_ptr<Service> service_;
    Patience patience_;
    Interrupt& interrupt_;
    HttpClient client_;
    bool deferred_ = false;
    std::deque<std::unique_ptr<Upload>> uploads_; // begun, not known to have ended; oldest first
    uint64_t uploading_ = 0;                      // their bytes
    uint64_t comfortable_ = kFirstComfortable;
    std::optional<StoreError> failed_; // of an upload that nobody waited for
    std::vector<std::pair<std::string, std::shared_ptr<HttpExchange>>> left_; // by an interrupt
};

} // namespace lifeboat
