#include "core/store/service_store.h"

#include <algorithm>
#include <charconv>

#include "core/store/service_source.h"
#include "core/store/store_name.h"

namespace lifeboat {
namespace {

// At once, for one process: waiting for answers costs nothing, keeping bytes does.
constexpr size_t kMostUploads = 32;
constexpr uint64_t kMostUploading = 64ULL << 20;
constexpr uint64_t kLeastComfortable = 2ULL << 20;
constexpr uint64_t kMostComfortable = 16ULL << 20;
constexpr std::chrono::milliseconds kPatienceWithLeft{5'000};

bool IsRandomName(std::string_view name) { return name.starts_with("objects/"); }

uint64_t ContentLength(const HttpAnswer& answer) {
    const std::string_view text = answer.Header("content-length");
    uint64_t length = 0;
    std::from_chars(text.data(), text.data() + text.size(), length);
    return length;
}

HttpSettings WithConnections(HttpSettings settings) {
    settings.connections = kMostUploads + 2;
    return settings;
}

// A file of certificates and a certificate do not mend themselves.
bool PassesByItself(HttpFault fault) {
    return fault != HttpFault::kTls && fault != HttpFault::kSettings;
}

} // namespace

// --- requests ------------------------------------------------------------------------------------

ServiceStore::ServiceStore(std::unique_ptr<Service> service, RetryPolicy policy,
                           Interrupt& interrupt)
    : service_(std::move(service)),
      patience_(std::move(policy)),
      interrupt_(interrupt),
      client_(WithConnections(service_->Settings())) {}

ServiceStore::~ServiceStore() = default;

std::shared_ptr<HttpExchange> ServiceStore::Begin(const ServiceCall& call) {
    HttpRequest request = service_->Write(call, interrupt_);
    request.method = call.method;
    request.body = call.body;
    request.most_answer = call.most_answer;
    return client_.Begin(std::move(request));
}

const HttpAnswer& ServiceStore::Await(HttpExchange& exchange, const ServiceCall& call) {
    try {
        const HttpAnswer& answer = exchange.Wait(interrupt_);
        if (answer.status / 100 == 2 && !service_->IsRefusal(call, answer)) return answer;
        throw service_->Refused(call, answer);
    } catch (const HttpError& error) {
        throw StoreError(
            PassesByItself(error.fault()) ? StoreFault::kTransient : StoreFault::kPermanent,
            Errc::StoreUnreachable, "could not " + Describe(call, service_->url()),
            "No answer from " + service_->Endpoint() + ": " + Printable(error.message()) + ".",
            service_->HintFor(error.fault()));
    }
}

HttpAnswer ServiceStore::Ask(const ServiceCall& call) {
    const auto exchange = Begin(call);
    return Await(*exchange, call);
}

// --- writing -------------------------------------------------------------------------------------

struct ServiceStore::Upload {
    ServiceCall call;
    Sha256Digest digest{};
    uint64_t size = 0;
    std::shared_ptr<HttpExchange> exchange;
};

class ServiceStore::ObjectSink final : public Sink {
public:
    ObjectSink(ServiceStore& store, std::string_view name) : store_(store), name_(name) {}
    void Write(Bytes bytes) override { body_.Append(bytes); }
    void Hashed(Bytes sha256) override {
        Sha256Digest& digest = digest_.emplace();
        std::ranges::copy(sha256.first(digest.size()), digest.begin());
    }
    void Finish() override {
        const Sha256Digest digest = digest_ ? *digest_ : Sha256Of(body_);
        store_.BeginUpload(name_, std::move(body_), digest);
    }

private:
    ServiceStore& store_;
    std::string name_;
    std::optional<Sha256Digest> digest_;
    HttpBody body_;
};

std::unique_ptr<Sink> ServiceStore::Create(std::string_view name) {
    CheckStoreName(name);
    if (!IsRandomName(name) && MayExist(name)) throw ObjectExists(name, service_->url());
    return std::make_unique<ObjectSink>(*this, name);
}

// Who may not list is told "denied" of what is not there: then the service alone sees to it that
// nothing is overwritten.
bool ServiceStore::MayExist(std::string_view name) {
    try {
        return Exists(name);
    } catch (const StoreError& error) {
        if (error.code() != Errc::StoreDenied) throw;
        return false;
    }
}

void ServiceStore::BeginUpload(std::string_view name, HttpBody body, const Sha256Digest& digest) {
    if (failed_) throw *failed_;
    MakeRoomFor(body.size());
    auto upload = std::make_unique<Upload>();
    upload->size = body.size();
    ServiceCall& call = upload->call;
    call.method = "PUT";
    call.action = "write";
    call.name = name;
    call.body_sha256 = ToHex(digest);
    call.body = std::make_shared<const HttpBody>(std::move(body));
    upload->digest = digest;
    service_->DescribePut(call, digest);
    upload->exchange = Begin(call);
    if (!deferred_) return Finish(*upload);
    LearnWhatIsComfortable();
    uploading_ += upload->size;
    uploads_.push_back(std::move(upload));
}

// By those that have ended, whichever they are: one whose connection loses much holds up no other.
void ServiceStore::MakeRoomFor(uint64_t bytes) {
    for (;;) {
        const uint64_t seen = client_.Ended();
        FinishEnded();
        const bool full = uploads_.size() >= kMostUploads || uploading_ + bytes > kMostUploading;
        if (!full || uploads_.empty()) return;
        client_.WaitForAnEnd(seen, interrupt_);
    }
}

void ServiceStore::Finish(Upload& upload) {
    for (int failures = 0;;) {
        try {
            Settle(upload, failures > 0);
            return;
        } catch (const StoreError& error) {
            if (error.fault() != StoreFault::kTransient) throw;
            patience_.After(++failures);
        } catch (...) {
            // Interrupted: it goes on, and whoever removes the object waits for that.
            left_.emplace_back(upload.call.name, upload.exchange);
            throw;
        }
        service_->DescribePut(upload.call, upload.digest);
        upload.exchange = Begin(upload.call);
    }
}

// A PUT that failed may have been carried out all the same: then the next one finds the object
// there.
void ServiceStore::Settle(Upload& upload, bool sent_before) {
    try {
        Await(*upload.exchange, upload.call);
    } catch (const StoreError& error) {
        sent_before = sent_before || upload.exchange->SentAgain();
        if (error.fault() != StoreFault::kExists || !sent_before || !IsStored(upload)) throw;
    }
}

// What could not be stored is not forgotten when the error went to somebody who tries again what he
// was at.
void ServiceStore::FinishUpload(size_t index) {
    const std::unique_ptr<Upload> upload = std::move(uploads_[index]);
    uploads_.erase(uploads_.begin() + static_cast<std::ptrdiff_t>(index));
    uploading_ -= upload->size;
    try {
        Finish(*upload);
    } catch (const StoreError& error) {
        const bool transient = error.fault() == StoreFault::kTransient;
        failed_.emplace(transient ? StoreFault::kPermanent : error.fault(), error.code(),
                        error.message(), error.detail(), error.hint());
        throw *failed_;
    }
}

void ServiceStore::FinishEnded() {
    for (size_t index = uploads_.size(); index-- > 0;) {
        if (uploads_[index]->exchange->Ended()) FinishUpload(index);
    }
}

// While uploads keep up with what is written, objects may be large, and few. Where one connection
// carries less (it is far away, or loses packets), smaller ones go over several at once.
void ServiceStore::LearnWhatIsComfortable() {
    if (uploads_.size() < 2)
        comfortable_ = std::min(2 * comfortable_, kMostComfortable);
    else if (uploads_.size() > 2)
        comfortable_ = std::max(comfortable_ / 2, kLeastComfortable);
}

uint64_t ServiceStore::BytesWaiting() const {
    uint64_t bytes = 0;
    for (const auto& upload : uploads_) {
        if (!upload->exchange->Ended())
            bytes += upload->size - std::min(upload->size, upload->exchange->SentBytes());
    }
    return bytes;
}

// What was created can be read at once: its upload ends first, and those begun before it.
void ServiceStore::FinishUploadsThrough(std::string_view name) {
    const auto is_it = [name](const auto& upload) { return upload->call.name == name; };
    while (std::ranges::any_of(uploads_, is_it)) FinishOldest();
}

bool ServiceStore::IsStored(const Upload& upload) {
    const auto source = Get(upload.call.name, {});
    Sha256 hash;
    Buffer piece(256 << 10);
    uint64_t size = 0;
    while (const size_t got = source->Read(piece)) {
        size += got;
        if (size > upload.size) return false;
        hash.Update(Bytes(piece).first(got));
    }
    return size == upload.size && ToHex(hash.Final()) == upload.call.body_sha256;
}

void ServiceStore::Sync(Interrupt& interrupt) {
    if (failed_) throw *failed_;
    while (!uploads_.empty()) {
        interrupt.Check();
        FinishOldest();
    }
}

// --- reading and the rest ------------------------------------------------------------------------

class ServiceStore::ObjectSource final : public PieceSource {
public:
    ObjectSource(ServiceStore& store, std::string_view name, ByteRange range)
        : PieceSource(range), store_(store) {
        call_.method = "GET";
        call_.action = "read";
        call_.name = name;
        call_.most_answer = kPieceBytes + (64 << 10);
    }

private:
    std::shared_ptr<HttpExchange> Begin(const std::string& range) override {
        call_.headers["range"] = range;
        return store_.Begin(call_);
    }
    const HttpAnswer& Await(HttpExchange& exchange) override {
        try {
            return store_.Await(exchange, call_);
        } catch (const StoreError&) {
            if (const HttpAnswer* answer = exchange.Answer(); answer && answer->status == 416)
                return *answer;
            throw;
        }
    }
    [[noreturn]] void Refuse(const std::string& why) override {
        throw StoreError(StoreFault::kTransient, Errc::StoreUnreachable,
                         "could not " + Describe(call_, store_.service_->url()), why);
    }

    ServiceStore& store_;
    ServiceCall call_;
};

std::unique_ptr<Source> ServiceStore::Get(std::string_view name, ByteRange range) {
    CheckStoreName(name);
    FinishUploadsThrough(name);
    if (range.length == 0) {
        Stat(name); // an absent object is an error all the same
        return std::make_unique<MemorySource>(Bytes{});
    }
    auto source = std::make_unique<ObjectSource>(*this, name, range);
    source->Start();
    return source;
}

StoreObject ServiceStore::Stat(std::string_view name) {
    std::optional<StoreObject> found;
    StatEach({&name, 1}, [&found](const StoreObject& object) { found = object; });
    return *found;
}

void ServiceStore::StatEach(std::span<const std::string_view> names,
                            const std::function<void(const StoreObject&)>& visit) {
    std::deque<std::pair<ServiceCall, std::shared_ptr<HttpExchange>>> asked;
    for (size_t next = 0; next < names.size() || !asked.empty();) {
        if (next < names.size() && asked.size() < kMostUploads) {
            CheckStoreName(names[next]);
            FinishUploadsThrough(names[next]);
            ServiceCall call;
            call.method = "HEAD";
            call.action = "look up";
            call.name = names[next++];
            const auto exchange = Begin(call);
            asked.emplace_back(std::move(call), exchange);
            continue;
        }
        const auto [call, exchange] = std::move(asked.front());
        asked.pop_front();
        const HttpAnswer& answer = Await(*exchange, call);
        // A page of somebody between here and there has a length, too, and no date.
        const auto modified = ParseHttpDate(answer.Header("last-modified"));
        if (!modified)
            throw StoreError(StoreFault::kTransient, Errc::StoreUnreachable,
                             "could not " + Describe(call, service_->url()),
                             "The service answered 200 and did not say of when the object is.");
        visit({call.name, ContentLength(answer), *modified});
    }
}

void ServiceStore::List(std::string_view prefix,
                        const std::function<void(const StoreObject&)>& visit) {
    prefix = CheckStorePrefix(prefix);
    while (!uploads_.empty()) FinishOldest();
    std::string next;
    do {
        const ServiceCall call = service_->ListCall(prefix, next);
        const ServiceListing page = service_->ParseListing(call, Ask(call));
        for (const StoreObject& object : page.objects) {
            if (IsStorePath(object.name)) visit(object);
        }
        if (!page.next.empty() && page.next == next)
            throw BadListing(call, service_->url(), "A page is followed by itself.");
        next = page.next;
    } while (!next.empty());
}

// A PUT that is still on its way would bring back what is removed.
void ServiceStore::EndLeftUploads(std::string_view name) {
    std::erase_if(left_, [name](const auto& left) {
        if (left.first != name) return false;
        left.second->End(kPatienceWithLeft);
        return true;
    });
}

void ServiceStore::Remove(std::string_view name) {
    CheckStoreName(name);
    FinishUploadsThrough(name);
    EndLeftUploads(name);
    ServiceCall call;
    call.method = "DELETE";
    call.action = "remove";
    call.name = name;
    try {
        Ask(call);
    } catch (const StoreError& error) {
        if (error.fault() != StoreFault::kNotFound) throw;
    }
}

StoreProperties ServiceStore::Properties() { return {service_->url(), std::nullopt, {}, true}; }

} // namespace lifeboat
