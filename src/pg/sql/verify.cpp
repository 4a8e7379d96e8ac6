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

Datum Verify(const Call& call) {
    const Home home = RequireHome();
    const std::string id = call.Text(0, "backup id");
    const VerifyLevel level = LevelOf(call.Text(1, "level"));
    ResultSet result(call.info());
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    const auto started = std::chrono::steady_clock::now();
    ServerInterrupt interrupt;
    StoredBackup backup = FindInStore(home, FindRestorePoint(home, id), interrupt);
    const VerifyReport report = Look(home, backup, level);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
    Record(home, caller, backup, level, report);
    std::vector<std::string> problems;
    for (const std::string& problem : report.problems) {
        problems.push_back(ToLocalEncoding(problem, "UTF8"));
    }
    result.Add({backup.point.backup_id, std::string(VerifyLevelName(level)), BoolText(report.ok()),
                std::to_string(report.objects), std::to_string(report.bytes),
                ArrayLiteral(problems), SecondsText(elapsed.count())});
    return result.Done();
}

} // namespace
} // namespace lifeboat::pg

Datum lifeboat_verify(PG_FUNCTION_ARGS) {
    return lifeboat::pg::Boundary([&] { return lifeboat::pg::Verify(lifeboat::pg::Call(fcinfo)); });
}
