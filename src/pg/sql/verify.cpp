// backup_verify.
#include "pg/bridge/encoding.h"
#include "pg/catalog/rights.h"
#include "pg/catalog/stored_backup.h"
#include "pg/sql/call.h"

extern "C" {
#include <access/xlog.h>

PG_FUNCTION_INFO_V1(lifeboat_verify);
PGDLLEXPORT Datum lifeboat_verify(PG_FUNCTION_ARGS);
}

namespace lifeboat::pg {
namespace {

VerifyLevel LevelOf(const std::string& name) {
    if (const auto level = ParseVerifyLevel(name)) return *level;
    if (name == "restore") {
        throw Error(Errc::Unsupported,
                    "verify level \"restore\" is not supported by this version of pg_lifeboat",
                    "It rehearses a restore.",
                    "Verify with level => 'content', or restore into a new database with "
                    "backup_restore.");
    }
    throw Error(Errc::InvalidValue, "verify level \"" + Printable(name) + "\" is not known", "",
                "The levels are present, checksum and content.");
}

// What the catalog knows and the store has no more is damage, too.
VerifyReport Look(const Home& home, StoredBackup& backup, VerifyLevel level) {
    ServerInterrupt interrupt;
    Keyring ring(*backup.store);
    if (level == VerifyLevel::kContent) {
        AddServerSecrets(ring, home, backup.record, backup.point.key, interrupt);
    }
    try {
        return VerifyBackup(*backup.store, backup.point.backup_id, backup.trust, &ring, level,
                            interrupt, nullptr);
    } catch (const StoreError&) {
        throw;
    } catch (const ServerError&) {
        throw;
    } catch (const Error& error) {
        if (error.code() != Errc::NotFound) throw;
        VerifyReport report;
        report.problems.push_back(error.detail().empty() ? error.message()
                                                         : error.message() + ": " + error.detail());
        return report;
    }
}

void Record(const Home& home, Oid caller, const StoredBackup& backup, VerifyLevel level,
            const VerifyReport& report) {
    if (XactReadOnly || RecoveryInProgress()) {
        Notice("the result is not recorded: the transaction is read-only");
        return;
    }
    RecordVerified(home, backup.point, level, report);
    AddEvent(home, RoleName(caller), "backup.verify", backup.point.backup_id,
             {{"store", backup.point.store},
              {"level", std::string(VerifyLevelName(level))},
              {"ok", std::string(report.ok() ? "true" : "false")},
              {"problems", std::to_string(report.problems.size())},
              {"first_problem",
               report.ok() ? Value() : Value(ToLocalEncoding(report.problems.front(), "UTF8"))}});
}

// One verification of one copy: a row.
bool VerifyOne(const Home& home, Oid caller, const RestorePoint& point, VerifyLevel level,
               ResultSet& result) {
    const auto started = std::chrono::steady_clock::now();
    ServerInterrupt interrupt;
    StoredBackup backup = FindInStore(home, point, interrupt);
    const VerifyReport report = Look(home, backup, level);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
    Record(home, caller, backup, level, report);
    std::vector<std::string> problems;
    for (const std::string& problem : report.problems) {
        problems.push_back(ToLocalEncoding(problem, "UTF8"));
    }
    result.Add({backup.point.backup_id, std::string(VerifyLevelName(level)), BoolText(report.ok()),
                std::to_string(report.objects), std::to_string(report.bytes),
                ArrayLiteral(problems), SecondsText(elapsed.count()), point.store});
    return report.ok();
}

// A store that is away is not the backup's fault: its copies are looked at.
bool SaysStoreIsAway(const Error& error) {
    return error.code() == Errc::StoreMissing || error.code() == Errc::StoreUnreachable ||
           error.code() == Errc::StoreDenied || error.code() == Errc::StoreRefused;
}

// The first copy that is sound, with a row for each that is not; a store that is away is passed
// over while there is another.
void VerifyAny(const Home& home, Oid caller, const RestorePoint& point, VerifyLevel level,
               ResultSet& result) {
    std::optional<Error> away;
    bool looked = false;
    std::string why;
    for (const RestorePoint& copy : FindCopies(home, point)) {
        if (!why.empty())
            Notice(why, "The copy in store \"" + copy.store + "\" is looked at instead.");
        try {
            if (VerifyOne(home, caller, copy, level, result)) return;
            looked = true;
            why = "backup " + copy.backup_id + " is damaged in store \"" + copy.store + "\"";
        } catch (const ServerError&) {
            throw;
        } catch (const Error& error) {
            if (!SaysStoreIsAway(error)) throw;
            if (!away) away = error;
            why = "store \"" + copy.store + "\" is passed over: " + error.message();
        }
    }
    if (away && !looked) throw Error(*away);
}

Datum Verify(const Call& call) {
    const Home home = RequireHome();
    const std::string id = call.Text(0, "backup id");
    const VerifyLevel level = LevelOf(call.Text(1, "level"));
    const Value store = call.Get(2);
    ResultSet result(call.info());
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    if (store) {
        VerifyOne(home, caller, FindCopyIn(home, id, *store), level, result);
    } else {
        VerifyAny(home, caller, FindRestorePoint(home, id), level, result);
    }
    return result.Done();
}

} // namespace
} // namespace lifeboat::pg

Datum lifeboat_verify(PG_FUNCTION_ARGS) {
    return lifeboat::pg::Boundary([&] { return lifeboat::pg::Verify(lifeboat::pg::Call(fcinfo)); });
}
