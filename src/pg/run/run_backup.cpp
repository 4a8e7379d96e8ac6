// A run that takes a backup: its place in the queue, its key, its leader, its end.
#include <cstring>

#include "pg/bridge/times.h"
#include "pg/catalog/copies.h"
#include "pg/catalog/store_access.h"
#include "pg/catalog/this_cluster.h"
#include "pg/run/backup_commit.h"
#include "pg/run/debris.h"
#include "pg/run/leader_process.h"
#include "pg/run/recover_runs.h"
#include "pg/run/room.h"
#include "pg/run/run_locks.h"
#include "pg/run/run_prune.h"
#include "pg/run/run_record.h"
#include "pg/settings.h"
#include "pg/shmem.h"

extern "C" {
#include <utils/timestamp.h>
}

namespace lifeboat::pg {
namespace {

constexpr int kSlotPollMs = 250;

// More than max_concurrent_runs: wait in state queued.
void WaitForSlot(RunContext& run) {
    while (!TakeSlot(MaxConcurrentRuns())) {
        if (Shared() == nullptr) {
            throw Error(Errc::LimitExceeded,
                        std::to_string(MaxConcurrentRuns()) + " runs are at work already",
                        "That is lifeboat.max_concurrent_runs; without shared_preload_libraries a "
                        "run cannot be queued.",
                        "Add to postgresql.conf: shared_preload_libraries = 'pg_lifeboat'");
        }
        WaitRun(*run.stop, kSlotPollMs);
    }
}

class BackupRun {
public:
    explicit BackupRun(RunContext& run) : run_(run) {}

    void Execute() {
        WaitForSlot(run_);
        Prepare();
        FindCompleted();
        CleanStore({});
        RequireRoom(run_, plan_, *store_);
        MakeKey();
        Collect();
        Commit();
        PruneAfterRun(run_, plan_);
    }

    // What this run has left in the store, as far as it can be removed now.
    void Abandon() noexcept {
        run_.stop->Disarm();
        try {
            if (!store_ || !started_written_ || committed_) return;
            // The commit mark first: it may be there although its writer was told otherwise.
            store_->Remove(BackupFile(backup_id_, kSignatureFile));
            store_->Remove(BackupFile(backup_id_, kSumsFile));
            for (const ObjectMessage& object : parts_.objects) store_->Remove(object.record.name);
            CleanStore(backup_id_);
        } catch (const std::exception& error) {
            Log("could not remove everything that " + Title() +
                " left in the store: " + error.what());
        }
    }

private:
    [[nodiscard]] std::string Title() const { return "run " + std::to_string(run_.id); }

    static void Log(const std::string& message) noexcept {
        try {
            Pg([&message] { ereport(LOG, (errmsg_internal("%s", message.c_str()))); });
        } catch (...) { // NOLINT(bugprone-empty-catch): nowhere left to say it
        }
    }

    void Prepare() {
        {
            SqlTransaction transaction;
            plan_ = ResolveRun(run_);
            place_ = Place(run_.home);
            transaction.Commit();
        }
        run_.stop->SetTimeout(plan_.timeout_ms);
        started_ = Now();
        backup_id_ = run_.backup_id;
        RecordRunning(run_, plan_);
        SetRunState(run_.shared(), RunState::kRunning);
        store_ = OpenRecorded(plan_.store, *run_.stop);
        std::optional<Error> failure;
        {
            SqlTransaction transaction;
            failure = NoteStoreState(run_.home, *store_, plan_.store);
            transaction.Commit();
        }
        if (failure) throw Error(*failure);
    }

    // Best effort, as is cleaning.
    void FindCompleted() {
        try {
            RecoverRuns(run_.home, plan_.store, *store_, *run_.stop, run_.request.requested_by,
                        run_.id);
        } catch (const Error& error) {
            run_.stop->Check();
            Log(Title() + " could not look for backups of interrupted runs in store \"" +
                plan_.store.name + "\": " + error.message());
        }
    }

    // Best effort: a store that cannot be cleaned can still take a backup.
    void CleanStore(const std::string& dead) {
        try {
            Sweeper sweeper;
            {
                SqlTransaction transaction;
                MarkOrphans(run_.home);
                sweeper = SweeperOf(run_.home, plan_.store.name);
                transaction.Commit();
            }
            if (!dead.empty()) {
                sweeper.alive.erase(dead);
                sweeper.ended.insert(dead);
            }
            const SweepReport report = RemoveDebris(*store_, plan_.store, sweeper, *run_.stop);
            if (report.objects > 0 && dead.empty()) {
                run_.notes.push_back("removed " + std::to_string(report.objects) + " objects (" +
                                     HumanBytes(report.bytes) + ") of runs that did not finish");
            }
        } catch (const Error& error) {
            run_.stop->Check();
            Log(Title() + " could not remove debris from store \"" + plan_.store.name +
                "\": " + error.message());
        }
    }

    void MakeKey() {
        WriteStarted(*store_, backup_id_,
                     {SystemIdentifier(), "", started_,
                      started_ + std::chrono::milliseconds(plan_.timeout_ms), place_});
        started_written_ = true;
        if (plan_.key) parts_.signer = Signer(*plan_.key, *run_.stop);
        if (!plan_.store.encryption_required) return;
        parts_.run_key = Key::Random();
        parts_.recipients = Certificates(*plan_.key);
        StoreRunKey(*store_, *parts_.run_key, parts_.recipients,
                    ServerSecret(*plan_.key, *run_.stop));
        const Bytes bytes = parts_.run_key->bytes();
        std::memcpy(run_.shared()->run_key, bytes.data(), bytes.size());
        run_.shared()->has_run_key = true;
    }

    [[nodiscard]] LeaderRequest MakeLeaderRequest() const {
        LeaderRequest request;
        request.run_id = run_.id;
        request.backup_id = backup_id_;
        request.store_id = plan_.store.store_id;
        request.store_url = plan_.store.url;
        request.store_options = plan_.store.options;
        request.database_oid = plan_.database.oid;
        request.role_oid = plan_.role;
        request.role_name = plan_.role_name;
        request.workers = plan_.workers;
        request.segment_bytes = SegmentBytes();
        request.bin_directory = BinDirectory();
        request.connection = ChildConnection();
        request.waiting_caller = run_.request.wait;
        if (!plan_.schedule) return request;
        const ScheduleRecord& schedule = *plan_.schedule;
        request.compression = schedule.compression;
        request.include_tables = schedule.include_tables;
        request.exclude_tables = schedule.exclude_tables;
        request.exclude_table_data = schedule.exclude_table_data;
        request.schema_only = schedule.schema_only;
        request.yield_to_ddl = schedule.yield_to_ddl;
        request.lock_patience_ms =
            static_cast<int>(std::min<int64_t>(schedule.lock_patience_ms, INT32_MAX));
        request.max_stored_bytes = schedule.max_stored_bytes;
        if (schedule.max_rate > 0) {
            // Every process that writes has a store of its own.
            const auto writers = static_cast<uint64_t>(std::max(plan_.workers, 1));
            request.store_options["max_rate"] =
                std::to_string(std::max<uint64_t>(schedule.max_rate / writers, 1));
        }
        return request;
    }

    void Collect() {
        LeaderProcess leader(run_, MakeLeaderRequest());
        while (true) {
            LeaderMessage message = leader.Receive();
            if (auto* snapshot = std::get_if<SnapshotMessage>(&message)) {
                // The leader begins again: what its workers stored before is of no use.
                for (const ObjectMessage& object : std::exchange(parts_.objects, {}))
                    forgotten_.push_back(object.record.name);
                parts_.snapshot = std::move(*snapshot);
                parts_.witness = RecordWitness(run_, backup_id_);
            } else if (auto* object = std::get_if<ObjectMessage>(&message)) {
                parts_.objects.push_back(std::move(*object));
            } else if (auto* finished = std::get_if<FinishedMessage>(&message)) {
                leader.Finished();
                RemoveForgotten();
                run_.notes.insert(run_.notes.end(), finished->notes.begin(), finished->notes.end());
                return;
            } else {
                const auto& failed = std::get<FailedMessage>(message);
                run_.stop->Check(); // a cancelled leader says so too: the reason is ours to tell
                throw Error::WithSqlState(failed.sqlstate, failed.message, failed.detail,
                                          failed.hint);
            }
        }
    }

    // Of attempts that were given up. Best effort: no manifest will name them.
    void RemoveForgotten() {
        for (const std::string& name : forgotten_) {
            run_.stop->Check();
            try {
                store_->Remove(name);
            } catch (const Error& error) {
                Log(Title() + " could not remove object \"" + name +
                    "\" of an attempt that was given up: " + error.message());
            }
        }
        forgotten_.clear();
    }

    // A cleaner that does not know this run (a copy of this cluster) may have taken it for debris.
    void RequireKeyFile() {
        if (!parts_.run_key) return;
        if (!KeyFilesOf(*store_, parts_.run_key->Id()).empty()) return;
        throw Error(Errc::Damaged, "the run's key is not in store \"" + plan_.store.name +
                                       "\" any more: nobody could read the backup");
    }

    void Commit() {
        SetRunPhase(run_.shared(), RunPhase::kManifest);
        RequireKeyFile();
        parts_.started = started_;
        if (CannotVerifyContent(plan_)) {
            run_.notes.push_back("the schedule asks for verification of the content, but key \"" +
                                 plan_.key->name +
                                 "\" has no server secret here: only hashes are verified");
        }
        const CommittedBackup committed = CommitParts(run_, plan_, backup_id_, *store_, parts_);
        committed_ = true;
        RecordBackup(run_, plan_, committed);
        if (!plan_.schedule || !plan_.schedule->verify) return;
        SetRunPhase(run_.shared(), RunPhase::kVerify);
        Verify(committed);
    }

    // The backup is complete and its row says so: what keeps it from being verified (a cancel, a
    // store that is away) is said, but does not make the run a failure that would be repeated.
    // Damage does.
    void Verify(const CommittedBackup& committed) {
        try {
            VerifyCommitted(run_, plan_, committed, *store_);
        } catch (const Error& error) {
            if (error.code() == Errc::Damaged) throw;
            Log(Title() + " is complete, but was not verified: " + error.message());
        }
    }

    RunContext& run_;
    RunPlan plan_;
    std::string place_;
    std::string backup_id_;
    Instant started_{};
    std::unique_ptr<Store> store_;
    BackupParts parts_;
    std::vector<std::string> forgotten_; // objects of attempts that were given up
    bool started_written_ = false;
    bool committed_ = false;
};

} // namespace

void RunBackup(RunContext& run) {
    BackupRun backup(run);
    try {
        backup.Execute();
    } catch (...) {
        backup.Abandon();
        throw;
    }
}

} // namespace lifeboat::pg
