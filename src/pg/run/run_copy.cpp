// A run that copies a backup into another store. What interrupts it leaves nothing that is listed;
// the next attempt goes on where it ended.
#include "core/format/copy_backup.h"
#include "pg/bridge/encoding.h"
#include "pg/catalog/copies.h"
#include "pg/catalog/rights.h"
#include "pg/catalog/stored_backup.h"
#include "pg/catalog/this_cluster.h"
#include "pg/run/run_context.h"
#include "pg/run/run_locks.h"

namespace lifeboat::pg {
namespace {

// Shows the bytes to whoever watches, wherever the copying looks for interrupts.
class CopyInterrupt final : public Interrupt {
public:
    CopyInterrupt(RunContext& run, const CopyProgress& progress) : run_(run), progress_(progress) {}
    void Check() override {
        RunShared* shared = run_.shared();
        pg_atomic_write_u64(&shared->bytes_total, progress_.bytes_total);
        pg_atomic_write_u64(&shared->bytes_done, progress_.bytes_done);
        run_.stop->Check();
    }

private:
    RunContext& run_;
    const CopyProgress& progress_;
};

// Lets a moment pass, and no more.
class BriefInterrupt final : public Interrupt {
public:
    void Check() override {
        if (std::chrono::steady_clock::now() >= end_)
            throw Error(Errc::Cancelled, "the store did not answer in time");
    }

private:
    std::chrono::steady_clock::time_point end_ =
        std::chrono::steady_clock::now() + std::chrono::seconds(5);
};

class CopyRun {
public:
    explicit CopyRun(RunContext& run) : run_(run) {}

    void Execute() {
        Prepare();
        SetRunState(run_.shared(), RunState::kRunning);
        SetRunPhase(run_.shared(), RunPhase::kCopy);
        SetDataStart(run_.shared());
        try {
            Copy();
        } catch (const Error&) {
            const bool stopped = run_.stop->reason() != StopReason::kNone;
            run_.stop->Disarm(); // what is left to do is done undisturbed
            if (stopped) {
                Withdraw();
            } else {
                RecordDamage(); // else a verification finds it again
            }
            throw;
        }
        RecordDamage();
        Record();
    }

private:
    void Prepare() {
        OpenDestination();
        SqlTransaction transaction;
        const RestorePoint point = FindRestorePoint(run_.home, run_.request.backup_id);
        // What the launcher copies, the backup's own schedule asked for.
        if (OidIsValid(run_.request.requested_by))
            RequireBackupRights(run_.request.acting_role, point, "copy");
        CopyChoice choice;
        choice.say = [this](const std::string& text) { run_.notes.push_back(text); };
        choice.passed = [this](const RestorePoint& copy, const PassedOver& passed) {
            if (passed.damaged && IsObjectName(passed.object)) damaged_.emplace_back(copy, passed);
        };
        choice.except_store = to_record_.name;
        from_ = OpenCopies(run_.home, point, choice, *run_.stop);
        pg::Execute(run_.home.Sql("UPDATE @.backup_copies SET status = 'running' WHERE id = "
                                  "$1::bigint"),
                    {std::to_string(run_.id)});
        transaction.Commit();
    }

    // How the store was found is kept also when it was not there.
    void OpenDestination() {
        SqlTransaction transaction;
        RequireAtHome(run_.home);
        to_record_ = LoadStore(run_.home, run_.request.store);
        RequireStoreUse(to_record_);
        to_ = OpenRecorded(to_record_, *run_.stop);
        const std::optional<Error> failure = NoteStoreState(run_.home, *to_, to_record_);
        transaction.Commit();
        if (failure) throw Error(*failure);
    }

    void Copy() {
        CopyInterrupt interrupt(run_, progress_);
        const CopyGate gate = [this](const std::function<void()>& announce) {
            const CleanerLock lock(to_record_.store_id, *run_.stop);
            announce();
        };
        report_ =
            CopyBackup(*from_.stores, *to_, std::move(from_.opened), interrupt, &progress_, gate);
        pg_atomic_write_u64(&run_.shared()->objects_done, report_.objects);
        pg_atomic_write_u64(&run_.shared()->stored_bytes, report_.bytes);
    }

    // CopyBackup could not, when its calls were interrupted. Who cancelled it, or shuts the server
    // down, must not wait for a store that is away.
    void Withdraw() noexcept {
        if (!progress_.announced) return;
        try {
            BriefInterrupt brief;
            WithdrawCopy(*OpenRecorded(to_record_, brief), run_.request.backup_id, progress_);
        } catch (const std::exception&) { // NOLINT(bugprone-empty-catch): its deadline ends it
        }
    }

    // What a copy lacks or holds wrongly is damage of that copy alone; but a backup that somebody
    // is deleting is not damaged. Best effort: a verification would find it again.
    void RecordDamage() noexcept {
        for (const auto& [copy, passed] : std::exchange(damaged_, {})) {
            try {
                MarkDamaged(copy, passed);
            } catch (const std::exception& error) {
                run_.notes.push_back("could not record that a copy is damaged: " +
                                     std::string(error.what()));
            }
        }
    }

    void MarkDamaged(const RestorePoint& copy, const PassedOver& passed) {
        SqlTransaction transaction;
        StoredBackup found = FindInStore(run_.home, copy, *run_.stop);
        if (!found.store->Exists(BackupFile(copy.backup_id, kSumsFile))) return;
        VerifyReport report;
        report.problems.push_back("object " + passed.object + ": " + passed.reason);
        RecordVerified(run_.home, copy, VerifyLevel::kChecksum, report);
        AddEvent(run_.home, ActorName(run_.request.requested_by), "backup.damaged", copy.backup_id,
                 {{"store", copy.store},
                  {"found_by_copy", std::to_string(run_.id)},
                  {"first_problem", ToLocalEncoding(report.problems.front(), "UTF8")}});
        transaction.Commit();
    }

    void Record() {
        SqlTransaction transaction;
        AddCopy(run_.home, from_.point, to_record_.name);
        pg::Execute(run_.home.Sql("UPDATE @.backup_copies SET status = 'succeeded', finished_at = "
                                  "clock_timestamp(), objects = $2::bigint, bytes = $3::bigint, "
                                  "notes = $4::text[], pid = NULL, handle = NULL WHERE id = "
                                  "$1::bigint"),
                    {std::to_string(run_.id), std::to_string(report_.objects),
                     std::to_string(report_.bytes), ArrayLiteral(run_.notes)});
        AddEvent(run_.home, ActorName(run_.request.requested_by), "copy.succeeded",
                 run_.request.backup_id,
                 {{"copy", std::to_string(run_.id)},
                  {"store", to_record_.name},
                  {"from", from_.point.store},
                  {"objects", std::to_string(report_.objects)},
                  {"bytes", std::to_string(report_.bytes)}});
        transaction.Commit();
    }

    RunContext& run_;
    StoreRecord to_record_;
    std::unique_ptr<Store> to_;
    ReadableBackup from_;
    std::vector<std::pair<RestorePoint, PassedOver>> damaged_;
    CopyProgress progress_;
    CopyReport report_;
};

} // namespace

void RunCopy(RunContext& run) { CopyRun(run).Execute(); }

} // namespace lifeboat::pg
