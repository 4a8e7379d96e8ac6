#include "core/store/decorators.h"
#include "core/store/forwarding.h"

namespace lifeboat {
namespace {

using Clock = std::chrono::steady_clock;
using LogFunction = std::function<void(const StoreCall&)>;

// One call from its beginning to its end, told once.
class Entry {
public:
    Entry(const LogFunction& log, std::string_view operation, std::string_view name)
        : log_(log), operation_(operation), name_(name) {}

    void Add(uint64_t bytes) noexcept { bytes_ += bytes; }
    void Tell(const Error* error = nullptr) {
        if (told_) return;
        told_ = true;
        const auto elapsed =
            std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun_);
        log_({operation_, name_, bytes_, elapsed, error});
    }
    // Runs `work`; its error is told before it goes on its way.
    template <typename Work>
    auto Watch(Work work) {
        try {
            return work();
        } catch (const Error& error) {
            Tell(&error);
            throw;
        }
    }
    // For destructors: what was never finished.
    void TellAborted() noexcept {
        try {
            if (!told_) operation_ = "abort";
            Tell();
        } catch (...) { // a log that fails must not end the process
        }
    }

private:
    const LogFunction& log_;
    std::string operation_;
    std::string name_;
    uint64_t bytes_ = 0;
    Clock::time_point begun_ = Clock::now();
    bool told_ = false;
};

class LoggedSink final : public Sink {
public:
    LoggedSink(std::unique_ptr<Sink> inner, Entry entry)
        : inner_(std::move(inner)), entry_(std::move(entry)) {}
    LoggedSink(const LoggedSink&) = delete;
    LoggedSink& operator=(const LoggedSink&) = delete;
    ~LoggedSink() override { entry_.TellAborted(); }
    void Write(Bytes bytes) override {
        entry_.Watch([&] { inner_->Write(bytes); });
        entry_.Add(bytes.size());
    }
    void Hashed(Bytes sha256) override { inner_->Hashed(sha256); }
    void Finish() override {
        entry_.Watch([&] { inner_->Finish(); });
        entry_.Tell();
    }

private:
    std::unique_ptr<Sink> inner_;
    Entry entry_;
};

class LoggedSource final : public Source {
public:
    LoggedSource(std::unique_ptr<Source> inner, Entry entry)
        : inner_(std::move(inner)), entry_(std::move(entry)) {}
    LoggedSource(const LoggedSource&) = delete;
    LoggedSource& operator=(const LoggedSource&) = delete;
    ~LoggedSource() override { entry_.TellAborted(); }
    size_t Read(MutableBytes into) override {
        const size_t got = entry_.Watch([&] { return inner_->Read(into); });
        entry_.Add(got);
        if (got == 0) entry_.Tell();
        return got;
    }

private:
    std::unique_ptr<Source> inner_;
    Entry entry_;
};

class LogStore final : public ForwardingStore {
public:
    LogStore(std::unique_ptr<Store> inner, LogFunction log)
        : ForwardingStore(std::move(inner)), log_(std::move(log)) {}

    std::unique_ptr<Sink> Create(std::string_view name) override {
        Entry entry(log_, "create", name);
        auto sink = entry.Watch([&] { return inner().Create(name); });
        return std::make_unique<LoggedSink>(std::move(sink), std::move(entry));
    }
    std::unique_ptr<Source> Get(std::string_view name, ByteRange range) override {
        Entry entry(log_, "get", name);
        auto source = entry.Watch([&] { return inner().Get(name, range); });
        return std::make_unique<LoggedSource>(std::move(source), std::move(entry));
    }
    StoreObject Stat(std::string_view name) override {
        Entry entry(log_, "stat", name);
        auto object = entry.Watch([&] { return inner().Stat(name); });
        entry.Tell();
        return object;
    }
    void List(std::string_view prefix,
              const std::function<void(const StoreObject&)>& visit) override {
        Entry entry(log_, "list", prefix);
        entry.Watch([&] { inner().List(prefix, visit); });
        entry.Tell();
    }
    void Remove(std::string_view name) override {
        Entry entry(log_, "remove", name);
        entry.Watch([&] { inner().Remove(name); });
        entry.Tell();
    }

private:
    LogFunction log_;
};

} // namespace

std::unique_ptr<Store> WithLog(std::unique_ptr<Store> inner,
                               std::function<void(const StoreCall&)> log) {
    return std::make_unique<LogStore>(std::move(inner), std::move(log));
}

} // namespace lifeboat
