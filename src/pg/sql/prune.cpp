// backup_prune, and the rules that backup_catalog shows.
#include "pg/run/prune.h"

#include "core/base/count.h"
#include "pg/catalog/rights.h"
#include "pg/catalog/this_cluster.h"
#include "pg/sql/call.h"

extern "C" {
#include <access/xact.h>
#include <tcop/utility.h>

PG_FUNCTION_INFO_V1(lifeboat_prune);
PG_FUNCTION_INFO_V1(lifeboat_keep_rules);
PGDLLEXPORT Datum lifeboat_prune(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum lifeboat_keep_rules(PG_FUNCTION_ARGS);
}

namespace lifeboat::pg {
namespace {

void AddRow(ResultSet& result, const KeptCopy& copy, const std::string& action) {
    result.Add(
        {copy.backup_id, action, copy.decision.rule, std::to_string(copy.bytes), copy.store});
}

// In the caller's transaction.
void InSubtransaction(const std::function<void()>& body) {
    Subtransaction apart;
    body();
    apart.Release();
}

void WarnRefused(const Home& home, const StoreRecord& record, const StorePrune& pruned) {
    std::set<std::string> schedules;
    for (const PrunedCopy& backup : pruned.backups) schedules.insert(backup.copy.schedule);
    std::string hint;
    for (const std::string& schedule : schedules)
        hint += (hint.empty() ? "Whoever may delete there types: " : " ; ") +
                PruneCommand(home, record, schedule);
    Notice("store \"" + record.name + "\" refuses to delete: " + pruned.refused->message() +
               (pruned.refused->detail().empty() ? "" : ". " + pruned.refused->detail()),
           hint);
}

void SayWhatStayed(const StoreRecord& record, const StorePrune& pruned) {
    if (!pruned.sweep.unreadable.empty()) {
        Notice("objects of deleted backups were kept in store \"" + record.name +
                   "\": the manifest of backup " + pruned.sweep.unreadable +
                   " cannot be read, which may need them",
               "SELECT * FROM backup_verify(" + QuoteLiteral(pruned.sweep.unreadable) + ");");
    } else if (!pruned.sweep.all) {
        Notice("some objects that no backup uses were kept in store \"" + record.name +
                   "\": a run may be at work there",
               "The next prune removes them.");
    }
}

class Prune {
public:
    Prune(const Home& home, ResultSet& result, std::string actor)
        : home_(home), result_(result), actor_(std::move(actor)) {}

    void Say(const std::vector<KeptCopy>& copies) {
        for (const KeptCopy& copy : copies)
            AddRow(result_, copy, copy.decision.keep ? "keep" : "delete");
    }

    void Delete(const StoreRecord& record, const std::vector<KeptCopy>& copies) {
        RequireStoreUse(record);
        std::vector<KeptCopy> expired;
        for (const KeptCopy& copy : copies) {
            if (!copy.decision.keep) {
                expired.push_back(copy);
            } else {
                AddRow(result_, copy, "keep");
            }
        }
        ServerInterrupt interrupt;
        const StorePrune pruned =
            PruneStore(home_, record, expired, actor_, interrupt, InSubtransaction);
        for (const PrunedCopy& backup : pruned.backups) AddRow(result_, backup.copy, backup.action);
        if (pruned.refused) WarnRefused(home_, record, pruned);
        SayWhatStayed(record, pruned);
    }

    // One store that is away does not keep the others from being pruned.
    void TryDelete(const StoreRecord& record, const std::vector<KeptCopy>& copies) {
        try {
            Delete(record, copies);
        } catch (const ServerError&) {
            throw;
        } catch (const Error& error) {
            if (error.code() == Errc::Cancelled) throw;
            RecordPruneFailed(home_, record.name, actor_, error);
            Notice("store \"" + record.name + "\" could not be pruned: " + error.message(),
                   error.hint());
        }
    }

private:
    const Home& home_;
    ResultSet& result_;
    std::string actor_;
};

// Files do not come back when the rows that say deleted are rolled back.
void RequireOwnTransaction() {
    constexpr const char* kName = "backup_prune(dry_run => false)";
    Pg([] {
        PreventCommandIfReadOnly(kName);
        PreventInTransactionBlock(true, kName);
    });
    if (!IsolationUsesXactSnapshot()) return;
    throw Error(Errc::WrongState, std::string(kName) + " needs isolation level read committed",
                "It must see what others pin and restore while it is at work.",
                "SET default_transaction_isolation = 'read committed';");
}

Datum PruneStores(const Call& call) {
    const Home home = RequireHome();
    const Value only = call.Get(0);
    const bool dry_run = call.Bool(1, true);
    ResultSet result(call.info());
    Prune prune(home, result, RoleName(Caller()));
    RoleScope as_owner(home.owner);
    if (!dry_run) {
        RequireOwnTransaction();
        RequireAtHome(home);
    }
    std::map<std::string, std::vector<KeptCopy>> copies; // by store
    for (const KeptCopy& copy : DecideForCatalog(home)) copies[copy.store].push_back(copy);
    const std::vector<StoreRecord> stores =
        only ? std::vector{LoadStore(home, *only)} : LoadStores(home);
    for (const StoreRecord& record : stores) {
        if (dry_run) {
            prune.Say(copies[record.name]);
        } else if (only) {
            prune.Delete(record, copies[record.name]);
        } else {
            prune.TryDelete(record, copies[record.name]);
        }
    }
    return result.Done();
}

// Where the extension can only be kept (a restored control database) it says what it can.
Datum KeepRulesOfAll(const Call& call) {
    ResultSet result(call.info());
    const std::optional<Home> home = FindHome();
    if (!home) return result.Done();
    RoleScope as_owner(home->owner);
    for (const KeptCopy& copy : DecideForCatalog(*home))
        result.Add({copy.backup_id, copy.store, copy.decision.rule});
    return result.Done();
}

} // namespace
} // namespace lifeboat::pg

using lifeboat::pg::Boundary;
using lifeboat::pg::Call;

Datum lifeboat_prune(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::PruneStores(Call(fcinfo)); });
}
Datum lifeboat_keep_rules(PG_FUNCTION_ARGS) {
    return Boundary([&] { return lifeboat::pg::KeepRulesOfAll(Call(fcinfo)); });
}
