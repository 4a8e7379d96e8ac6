#include "cli/restore/load.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <thread>

#include "cli/restore/run_sql.h"
#include "core/io/taps.h"

namespace lifeboat::cli {
namespace {

struct LoadItem {
    const TocEntry* entry = nullptr;
    const ObjectRecord* record = nullptr;
    CopyTarget copy;
    bool alone = false; // the only object of its table and worth it: loaded frozen
};

// Rows as they arrive, into COPY. Finish ends the COPY, and comes only after everything matched
// (ReadObject).
class CopySink final : public Sink {
public:
    explicit CopySink(Connection& connection) : connection_(connection) {}
    void Write(Bytes bytes) override { connection_.PutCopy(bytes); }
    void Finish() override {
        rows_ = connection_.EndCopy();
        ended_ = true;
    }
    [[nodiscard]] uint64_t rows() const noexcept { return rows_; }
    [[nodiscard]] bool ended() const noexcept { return ended_; }

private:
    Connection& connection_;
    uint64_t rows_ = 0;
    bool ended_ = false;
};

// Stops a thread when another one has failed.
class StopInterrupt final : public Interrupt {
public:
    StopInterrupt(Interrupt& inner, const std::atomic<bool>& stop) : inner_(inner), stop_(stop) {}
    void Check() override {
        if (stop_) throw Error(Errc::Cancelled, "stopped because another connection failed");
        inner_.Check();
    }

private:
    Interrupt& inner_;
    const std::atomic<bool>& stop_;
};

// False when this table cannot be truncated: then it is loaded without FREEZE.
bool TruncateForFreeze(Connection& connection, const CopyTarget& copy) {
    try {
        connection.Exec("TRUNCATE ONLY " + QuoteName(copy.schema) + "." + QuoteName(copy.table));
        return true;
    } catch (const TargetError&) {
        connection.Exec("ROLLBACK");
        connection.Exec("BEGIN");
        return false;
    }
}

// One loading connection: its own store driver, its own session on the server.
class Loader {
public:
    Loader(const LoadJob& job, Progress& progress, Interrupt& interrupt)
        : session_(*job.session),
          target_(job.target),
          progress_(progress),
          interrupt_(interrupt),
          store_(session_.AnotherStore(interrupt)),
          connection_(OpenLoadConnection(target_, job.database, session_.manifest(), interrupt)) {}

    uint64_t Load(const LoadItem& item) {
        if (item.entry->kind == ObjectKind::kLargeObjects) return LoadLargeObjects(item);
        progress_.SetRelation(RelationName(item.entry->detail));
        try {
            return LoadInTransaction(item);
        } catch (const TargetError& error) {
            throw TargetError(
                error.state(),
                "could not load table " + RelationName(item.entry->detail) + ": " + error.message(),
                error.detail(), error.hint());
        }
    }

private:
    uint64_t LoadLargeObjects(const LoadItem& item) {
        progress_.SetRelation("large objects");
        RunSql("object " + item.record->name, connection_, [&](AnonymousFile& file) {
            ReadAnyCopy(*store_, item.record->name, [&] {
                file.Clear();
                Read(item, file);
            });
        });
        return 0;
    }

    // What flowed before an error does not count as loaded.
    void Read(const LoadItem& item, Sink& sink) {
        ProgressTap tap(sink, progress_.bytes, interrupt_);
        try {
            ReadObject(*store_, *item.record, session_.Context(interrupt_), tap);
        } catch (...) {
            tap.TakeBack();
            throw;
        }
    }

    // Whether an object is damaged shows at its end at the latest, and before that nothing is
    // committed: then it is loaded from another copy, if there is one.
    uint64_t LoadInTransaction(const LoadItem& item) {
        return ReadAnyCopy(*store_, item.record->name, [&] {
            try {
                return LoadOnce(item);
            } catch (const TargetError&) {
                connection_.Rollback();
                ThrowIfDamaged(*item.record);
                throw;
            } catch (const Error& error) {
                if (error.code() == Errc::Damaged) connection_.Rollback();
                throw;
            }
        });
    }

    // Rows that the server refuses may be damage that it met before we did.
    void ThrowIfDamaged(const ObjectRecord& record) {
        try {
            CheckObjectHash(*store_, record, interrupt_);
        } catch (const Error& error) {
            if (error.code() == Errc::Damaged) throw;
        }
    }

    uint64_t LoadOnce(const LoadItem& item) {
        connection_.Exec("BEGIN");
        const bool frozen = item.alone && TruncateForFreeze(connection_, item.copy);
        connection_.BeginCopy(MakeCopyStatement(item.copy) + (frozen ? " WITH (FREEZE)" : ""));
        CopySink copy(connection_);
        try {
            Read(item, copy);
        } catch (const Error& error) {
            if (!copy.ended()) connection_.FailCopy(error.message());
            throw; // with the transaction: whoever catches it ends that, or closes the connection
        }
        if (copy.rows() != item.record->rows) {
            throw Error(Errc::Damaged, "object " + item.record->name + " of table " +
                                           RelationName(item.entry->detail) + " loaded " +
                                           std::to_string(copy.rows()) + " rows, expected " +
                                           std::to_string(item.record->rows));
        }
        connection_.Exec("COMMIT");
        progress_.rows += copy.rows();
        return copy.rows();
    }

    const Session& session_;
    Target target_;
    Progress& progress_;
    Interrupt& interrupt_;
    std::unique_ptr<Store> store_;
    Connection connection_;
};

// Freezing means a new file for the table: too much for a few rows.
constexpr uint64_t kLeastFrozenBytes = 1U << 20;

// What may be loaded in any order, or (`serial`) what may not.
std::vector<LoadItem> MakeItems(const Session& session, const std::vector<const TocEntry*>& entries,
                                bool serial) {
    std::vector<LoadItem> items;
    std::map<std::pair<std::string, std::string>, int> streams;
    for (const auto* entry : entries) {
        if ((entry->kind == ObjectKind::kConfig) != serial) continue;
        LoadItem item{entry, &session.Record(*entry), {}};
        if (entry->kind != ObjectKind::kLargeObjects) {
            item.copy = ParseCopyStatement(entry->statement);
            ++streams[{item.copy.schema, item.copy.table}];
        }
        items.push_back(std::move(item));
    }
    for (auto& item : items) {
        item.alone = !serial && item.entry->detail.root_name.empty() && item.record->parts == 1 &&
                     item.record->raw_bytes >= kLeastFrozenBytes &&
                     streams[{item.copy.schema, item.copy.table}] == 1;
    }
    return items;
}

// The queue the threads share, largest first, and how they end.
class LoadQueue {
public:
    explicit LoadQueue(std::vector<LoadItem> items) : items_(std::move(items)) {
        std::ranges::stable_sort(items_, [](const LoadItem& a, const LoadItem& b) {
            return a.record->raw_bytes > b.record->raw_bytes;
        });
    }
    [[nodiscard]] size_t size() const noexcept { return items_.size(); }
    const std::atomic<bool>& stop() const noexcept { return stop_; }

    void Work(const LoadJob& job, Progress& progress, Interrupt& outer) noexcept {
        try {
            StopInterrupt interrupt(outer, stop_);
            Loader loader(job, progress, interrupt);
            for (size_t i = next_++; i < items_.size(); i = next_++) {
                interrupt.Check();
                rows_ += loader.Load(items_[i]);
            }
        } catch (...) {
            Fail(std::current_exception());
        }
        const std::lock_guard lock(mutex_);
        ++ended_;
        changed_.notify_all();
    }

    // Waits for `threads` workers, moving the progress on; rethrows the first error.
    uint64_t Wait(size_t threads, Progress& progress) {
        std::unique_lock lock(mutex_);
        while (ended_ < threads) {
            changed_.wait_for(lock, std::chrono::milliseconds(100));
            lock.unlock();
            progress.Tick();
            lock.lock();
        }
        if (error_) std::rethrow_exception(error_);
        return rows_;
    }

private:
    void Fail(std::exception_ptr error) {
        const std::lock_guard lock(mutex_);
        if (!error_) error_ = std::move(error);
        stop_ = true;
    }

    std::vector<LoadItem> items_;
    std::atomic<size_t> next_{0};
    std::atomic<uint64_t> rows_{0};
    std::atomic<bool> stop_{false};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::exception_ptr error_;
    size_t ended_ = 0;
};

uint64_t LoadInThreads(const LoadJob& job, std::vector<LoadItem> items, Progress& progress,
                       Interrupt& interrupt) {
    LoadQueue queue(std::move(items));
    const size_t count = std::min(queue.size(), static_cast<size_t>(job.jobs));
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < count; ++i) {
        threads.emplace_back([&] { queue.Work(job, progress, interrupt); });
    }
    return queue.Wait(count, progress);
}

} // namespace

uint64_t LoadRows(const LoadJob& job, const std::vector<const TocEntry*>& entries,
                  Progress& progress, Interrupt& interrupt) {
    uint64_t rows =
        LoadInThreads(job, MakeItems(*job.session, entries, false), progress, interrupt);
    const std::vector<LoadItem> serial = MakeItems(*job.session, entries, true);
    if (serial.empty()) return rows;
    TickingInterrupt ticking(interrupt, progress);
    Loader loader(job, progress, ticking);
    for (const auto& item : serial) rows += loader.Load(item);
    return rows;
}

} // namespace lifeboat::cli
