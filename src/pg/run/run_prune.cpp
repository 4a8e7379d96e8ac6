#include "pg/run/run_prune.h"

#include "core/base/count.h"
#include "pg/catalog/rights.h"
#include "pg/catalog/this_cluster.h"
#include "pg/run/prune.h"

namespace lifeboat::pg {
namespace {

void Log(const std::string& message) {
    Pg([&message] { ereport(LOG, (errmsg_internal("%s", message.c_str()))); });
}

void InTransaction(const std::function<void()>& body) {
    SqlTransaction transaction;
    body();
    transaction.Commit();
}

class PruneOfRun {
public:
    PruneOfRun(RunContext& run, const RunPlan& plan)
        : run_(run), schedule_(plan.schedule->name), own_store_(plan.store.name) {}

    void Prune() {
        std::vector<StoreRecord> stores;
        InTransaction([&] {
            if (WhyNotAtHome(run_.home) || LoadKeepRules(run_.home, schedule_).empty()) return;
            stores = LoadStores(run_.home);
            actor_ = ActorName(run_.request.requested_by);
            for (const KeptCopy& copy : DecideForCatalog(run_.home)) {
                if (!copy.decision.keep && copy.schedule == schedule_)
                    expired_[copy.store].push_back(copy);
            }
        });
        if (!stores.empty()) SetRunPhase(run_.shared(), RunPhase::kPrune);
        for (const StoreRecord& store : stores) {
            // Where nothing has expired there may be what an earlier prune could not finish.
            if (store.name == own_store_ || expired_.contains(store.name)) PruneOne(store);
        }
    }

private:
    void PruneOne(const StoreRecord& store) {
        try {
            InTransaction([&] { RequireStoreUse(store); });
            const StorePrune pruned = PruneStore(run_.home, store, expired_[store.name], actor_,
                                                 *run_.stop, InTransaction);
            if (pruned.refused) return NoteFailure(store, *pruned.refused);
            if (const size_t deleted = pruned.Count("delete"); deleted > 0) {
                Note("pruned " + Count(deleted, "backup") + " and " +
                     HumanBytes(pruned.sweep.bytes) + " in store \"" + store.name + "\"");
            }
        } catch (const Error& error) {
            NoteFailure(store, error);
            InTransaction([&] { RecordPruneFailed(run_.home, store.name, actor_, error); });
        }
    }

    void NoteFailure(const StoreRecord& store, const Error& error) {
        const std::string text =
            "store \"" + store.name + "\" could not be pruned: " + error.message();
        Log("lifeboat run " + std::to_string(run_.id) + ": " + text);
        Note(text);
    }

    void Note(const std::string& text) {
        InTransaction([&] {
            Execute(run_.home.Sql("UPDATE @.backup_runs SET notes = notes || $2 WHERE id = "
                                  "$1::bigint"),
                    {std::to_string(run_.id), text});
        });
    }

    RunContext& run_;
    std::string schedule_;
    std::string own_store_;
    std::string actor_;
    std::map<std::string, std::vector<KeptCopy>> expired_; // by store
};

} // namespace

void PruneAfterRun(RunContext& run, const RunPlan& plan) noexcept {
    if (!plan.schedule) return;
    try {
        PruneOfRun(run, plan).Prune();
    } catch (const std::exception& error) { // the server is stopping, or the extension is gone
        try {
            Log("lifeboat run " + std::to_string(run.id) +
                " is complete, but did not prune: " + error.what());
        } catch (...) { // NOLINT(bugprone-empty-catch): nowhere left to say it
        }
    }
}

} // namespace lifeboat::pg
