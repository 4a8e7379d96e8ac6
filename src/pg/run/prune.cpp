#include "pg/run/prune.h"

#include <algorithm>

#include "pg/catalog/rights.h"
#include "pg/catalog/store_access.h"
#include "pg/catalog/stored_backup.h"
#include "pg/run/run_locks.h"

namespace lifeboat::pg {
namespace {

// Rights are missing, or the store is one that only grows.
bool IsRefusal(const StoreError& error) {
    return error.fault() == StoreFault::kPermanent &&
           (error.code() == Errc::StoreRefused || error.sqlstate() == "42501");
}

class Pruning {
public:
    Pruning(const Home& home, const StoreRecord& record, std::string actor, Interrupt& interrupt,
            const Apart& apart)
        : home_(home),
          record_(record),
          actor_(std::move(actor)),
          interrupt_(interrupt),
          apart_(apart),
          lock_(record.store_id, interrupt) {}

    StorePrune Run(const std::vector<KeptCopy>& expired) {
        Open();
        if (!expired.empty() && !result_.refused) OrRefused([&] { RequireFloors(); });
        for (const KeptCopy& copy : expired) {
            interrupt_.Check();
            result_.backups.push_back({copy, DeleteOne(copy)});
        }
        if (!result_.refused || result_.Count("delete") > 0) SweepStore();
        apart_([&] { Record(); });
        return std::move(result_);
    }

private:
    void Open() {
        store_ = OpenRecorded(record_, interrupt_);
        CheckIdentity(*store_, record_);
        apart_([&] { sweeper_ = SweeperOf(home_, record_.name); });
        OrRefused([&] { busy_ = LiveReferences(*store_, sweeper_, interrupt_); });
    }

    // What is going to be left must be there: rows of the catalog restore nothing.
    void RequireFloors() {
        std::vector<StoredBackup> floors;
        apart_([&] {
            for (const KeptCopy& copy : DecideForCatalog(home_)) {
                const bool floor = copy.decision.rule.find("floor_") != std::string::npos;
                if (copy.store != record_.name || !floor) continue;
                const RestorePoint point = FindCopyIn(home_, copy.backup_id, copy.store);
                floors.push_back(FindInStore(home_, point, interrupt_));
            }
        });
        for (const StoredBackup& floor : floors) RequireWhole(floor);
    }

    void RequireWhole(const StoredBackup& floor) {
        const std::string& id = floor.point.backup_id;
        std::string problem;
        try {
            const VerifyReport report = VerifyBackup(*store_, id, floor.trust, nullptr,
                                                     VerifyLevel::kPresent, interrupt_, nullptr);
            if (report.problems.empty()) return;
            problem = report.problems.front();
        } catch (const Error& error) {
            if (error.code() != Errc::Damaged && error.code() != Errc::NotFound) throw;
            problem = error.message();
        }
        throw Error(Errc::WrongState,
                    "backup " + id + " in store \"" + record_.name +
                        "\" is not whole, and others would be deleted because it is kept",
                    "The first thing found: " + problem + ".",
                    "SELECT * FROM backup_verify(" + QuoteLiteral(id) + ", 'present', store => " +
                        QuoteLiteral(record_.name) + "); then prune again.");
    }

    // False when the store lets nobody do that.
    bool OrRefused(const std::function<void()>& work) {
        try {
            work();
            return true;
        } catch (const StoreError& error) {
            if (!IsRefusal(error)) throw;
            result_.refused = error;
            return false;
        }
    }

    std::string DeleteOne(const KeptCopy& copy) {
        if (result_.refused) return "refused";
        if (busy_.contains(copy.backup_id)) return "postponed";
        bool marked = false;
        const bool taken = OrRefused([&] {
            apart_([&] {
                marked = MarkDeleted(copy);
                if (marked) TakeMark(*store_, copy.backup_id, interrupt_);
            });
        });
        if (!taken) return "refused";
        if (!marked) return "postponed";
        sweeper_.deleted.insert(copy.backup_id);
        return "delete";
    }

    // Between the decision and now this may have waited for another sweeper: a rule was changed, a
    // newer backup was deleted or found damaged.
    [[nodiscard]] bool IsStillExpired(const KeptCopy& copy) const {
        const std::vector<KeptCopy> now = DecideForCatalog(home_);
        return std::any_of(now.begin(), now.end(), [&](const KeptCopy& one) {
            return one.backup_id == copy.backup_id && one.store == copy.store && !one.decision.keep;
        });
    }

    // Its row is locked until its mark is gone: a pin comes before or too late. Nobody's
    // transaction is waited for.
    bool MarkDeleted(const KeptCopy& copy) {
        const Rows locked = Query(
            home_.Sql("SELECT 1 FROM @.backup_restore_points p WHERE backup_id = $1 AND store = $2 "
                      "AND status = 'available' AND NOT pinned AND NOT EXISTS (SELECT FROM "
                      "@.backup_restores r WHERE r.backup_id = p.backup_id AND r.status IN "
                      "('queued', 'running')) AND NOT EXISTS (SELECT FROM @.backup_copies c WHERE "
                      "c.backup_id = p.backup_id AND c.status IN ('queued', 'running')) FOR UPDATE "
                      "OF p SKIP LOCKED"),
            {copy.backup_id, copy.store});
        if (locked.empty() || !IsStillExpired(copy)) return false;
        Execute(home_.Sql("UPDATE @.backup_restore_points SET status = 'deleted' WHERE backup_id = "
                          "$1 AND store = $2"),
                {copy.backup_id, copy.store});
        Execute(home_.Sql("DELETE FROM @.backup_restore_point_relations WHERE backup_id = $1 AND "
                          "store = $2"),
                {copy.backup_id, copy.store});
        AddEvent(home_, actor_, "backup.prune", copy.backup_id,
                 {{"store", copy.store},
                  {"schedule", NullIfEmpty(copy.schedule)},
                  {"rule", copy.decision.rule},
                  {"bytes", std::to_string(copy.bytes)}});
        return true;
    }

    void SweepStore() {
        OrRefused([&] {
            store_->RemoveStaleTemporaries();
            result_.sweep = Sweep(*store_, sweeper_, interrupt_);
        });
    }

    [[nodiscard]] bool FailedLastTime() const {
        return IsTrue(QueryValue(
            home_.Sql("SELECT action = 'store.prune_failed' FROM @.backup_events WHERE subject = "
                      "$1 AND action IN ('store.prune', 'store.prune_failed') ORDER BY id DESC "
                      "LIMIT 1"),
            {record_.name}));
    }

    void Record() {
        if (result_.refused) {
            RecordPruneFailed(home_, record_.name, actor_, *result_.refused);
            return;
        }
        RecordLeftOver();
        const size_t deleted = result_.Count("delete");
        if (deleted == 0 && result_.sweep.objects == 0 && !FailedLastTime()) return;
        AddEvent(home_, actor_, "store.prune", record_.name,
                 {{"backups", std::to_string(deleted)},
                  {"postponed", std::to_string(result_.Count("postponed"))},
                  {"objects", std::to_string(result_.sweep.objects)},
                  {"bytes", std::to_string(result_.sweep.bytes)},
                  {"unreadable", NullIfEmpty(result_.sweep.unreadable)}});
    }

    // What an earlier prune had begun, of which nothing is left now.
    void RecordLeftOver() {
        Execute(home_.Sql("UPDATE @.backup_restore_points SET status = 'deleted' WHERE store = $1 "
                          "AND backup_id = ANY ($2::text[]) AND status <> 'deleted'"),
                {record_.name, ArrayLiteral(result_.sweep.folders)});
    }

    const Home& home_;
    const StoreRecord& record_;
    std::string actor_;
    Interrupt& interrupt_;
    const Apart& apart_;
    CleanerLock lock_;
    std::unique_ptr<Store> store_;
    Sweeper sweeper_;
    std::set<std::string> busy_; // runs at work need them
    StorePrune result_;
};

void AddCount(std::string& command, const char* option, uint32_t count) {
    if (count > 0) command += std::string(" ") + option + " " + std::to_string(count);
}

// As the command line reads it; what it has no letter for is rounded up.
std::string PeriodText(const KeepPeriod& period) {
    const auto hours = std::chrono::ceil<std::chrono::hours>(period.time).count();
    std::string text;
    if (period.months > 0) text += std::to_string(period.months) + "m";
    if (period.days > 0) text += std::to_string(period.days) + "d";
    if (hours > 0) text += std::to_string(hours) + "h";
    return text;
}

std::string ShellWord(const std::string& text) {
    std::string word = "'";
    for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return word + "'";
}

} // namespace

size_t StorePrune::Count(std::string_view action) const {
    return static_cast<size_t>(
        std::count_if(backups.begin(), backups.end(),
                      [action](const PrunedCopy& backup) { return backup.action == action; }));
}

StorePrune PruneStore(const Home& home, const StoreRecord& record,
                      const std::vector<KeptCopy>& expired, const std::string& actor,
                      Interrupt& interrupt, const Apart& apart) {
    return Pruning(home, record, actor, interrupt, apart).Run(expired);
}

void RecordPruneFailed(const Home& home, const std::string& store, const std::string& actor,
                       const Error& error) {
    AddEvent(home, actor, "store.prune_failed", store,
             {{"sqlstate", std::string(error.sqlstate())},
              {"error", error.message()},
              {"detail", NullIfEmpty(error.detail())}});
}

std::string PruneCommand(const Home& home, const StoreRecord& record, const std::string& schedule) {
    const KeepRules rules = LoadKeepRules(home, schedule);
    std::string command = "lifeboat prune --store " + ShellWord(record.url) + " --schedule " +
                          ShellWord(schedule) + " --timezone " +
                          LoadSchedule(home, schedule).timezone;
    AddCount(command, "--keep-last", rules.last);
    if (rules.within) command += " --keep-within " + PeriodText(*rules.within);
    AddCount(command, "--keep-hourly", rules.hourly);
    AddCount(command, "--keep-daily", rules.daily);
    AddCount(command, "--keep-weekly", rules.weekly);
    AddCount(command, "--keep-monthly", rules.monthly);
    AddCount(command, "--keep-yearly", rules.yearly);
    // All that is kept: the store does not know pins, nor what was verified or found damaged.
    std::set<std::string> clusters;
    std::string kept;
    for (const KeptCopy& copy : DecideForCatalog(home)) {
        if (copy.store != record.name || copy.schedule != schedule) continue;
        if (copy.decision.keep) {
            kept += " --keep " + copy.backup_id;
        } else {
            clusters.insert(copy.system_identifier);
        }
    }
    for (const std::string& cluster : clusters) command += " --system-identifier " + cluster;
    return command + kept + " --delete";
}

} // namespace lifeboat::pg
