// backup_restore_plan.
#include "pg/bridge/encoding.h"
#include "pg/catalog/rights.h"
#include "pg/run/role_login.h"
#include "pg/run/target_facts.h"
#include "pg/sql/restore_arguments.h"

extern "C" {
#include <commands/dbcommands.h>

PG_FUNCTION_INFO_V1(lifeboat_restore_plan);
PGDLLEXPORT Datum lifeboat_restore_plan(PG_FUNCTION_ARGS);
}

namespace lifeboat::pg {
namespace {

ArchiveFacts FactsOfArchive(const std::vector<TocEntry>& toc) {
    for (const TocEntry& entry : toc) {
        if (entry.kind == ObjectKind::kSchema)
            return {entry.detail.roles, entry.detail.tablespaces};
    }
    return {};
}

PlanStep Preflight(std::string action, std::string object, PlanStatus status, std::string detail) {
    PlanStep step;
    step.phase = "preflight";
    step.action = std::move(action);
    step.object = std::move(object);
    step.status = status;
    step.detail = std::move(detail);
    return step;
}

constexpr uint64_t kMaxArchiveBytes = 512U << 20;

// As `lifeboat restore` chooses: what the tables bring along and need is said by the archive.
ArchiveChoice ChooseFromBackup(Store& store, const Backup& opened, const std::vector<TocEntry>& toc,
                               const ReadContext& context,
                               const std::vector<std::string>& patterns) {
    for (const ObjectRecord& record : opened.manifest.objects) {
        if (record.kind != ObjectKind::kSchema) continue;
        const std::string archive = ReadAnyCopy(store, record.name, [&] {
            StringSink sink(kMaxArchiveBytes);
            ReadObject(store, record, context, sink);
            return sink.Take();
        });
        return ChooseTables(ParseArchiveToc(AsBytes(archive)), toc, patterns);
    }
    throw Error(Errc::Damaged,
                "backup " + opened.manifest.backup_id + " has no entry of kind schema");
}

// The rights that backup_restore asks of its caller.
PlanStep CheckAccess(Oid caller, const ReadableBackup& backup) {
    const auto step = [&](PlanStatus status, std::string detail) {
        return Preflight("check access", backup.point.backup_id, status, std::move(detail));
    };
    try {
        RequireBackupRights(caller, backup.point);
        RequireRestoreRights(caller, backup.records.front());
    } catch (const ServerError&) {
        throw;
    } catch (const Error& error) {
        if (error.code() != Errc::Permission) throw;
        return step(PlanStatus::kBlocked, error.message() + ": " + error.detail() +
                                              (error.hint().empty() ? "" : " " + error.hint()));
    }
    return step(PlanStatus::kReady, "role \"" + RoleName(caller) + "\" may restore it");
}

// The session that runs the backup's SQL must be logged in as the caller.
PlanStep CheckLogin(Oid caller) {
    ServerInterrupt interrupt;
    const std::string role = RoleName(caller);
    const char* database = Pg([] { return get_database_name(MyDatabaseId); });
    if (const auto refused = TryLogin(role, database, interrupt)) {
        return Preflight("log in", role, PlanStatus::kBlocked,
                         refused->message() + ": " + refused->detail() + " " + refused->hint());
    }
    return Preflight("log in", role, PlanStatus::kReady, "the restore runs as this role");
}

// Whoever owns something in the backup may have hung a function on it, and loading runs it with the
// rights of the session.
PlanStep CheckCode(Oid caller, const ArchiveFacts& archive) {
    const auto step = [](PlanStatus status, std::string detail) {
        return Preflight("check code", "functions", status, std::move(detail));
    };
    if (!IsSuperuser(caller)) {
        return step(PlanStatus::kReady, "code of the backup runs with the rights of role \"" +
                                            RoleName(caller) + "\" only");
    }
    const Value others = QueryValue(
        "SELECT string_agg(format('\"%s\"', rolname), ', ' ORDER BY rolname) FROM pg_roles WHERE "
        "rolname = ANY ($1::text[]) AND NOT rolsuper AND rolname !~ '^pg_'",
        {ArrayLiteral(archive.roles)});
    if (!others) return step(PlanStatus::kReady, "only superusers own something in the backup");
    return step(PlanStatus::kWarning,
                "the caller is superuser, and loading runs functions in checks, domains, generated "
                "columns and indexes that may belong to " +
                    *others + ": restore as the database's owner if you do not trust them");
}

PlanStep CheckTrust(const ReadableBackup& backup) {
    const Backup& opened = backup.opened;
    const auto step = [&](PlanStatus status, std::string detail) {
        return Preflight("check signature", backup.point.backup_id, status, std::move(detail));
    };
    if (opened.signature_checked) return step(PlanStatus::kReady, "signed by a trusted signer");
    if (MayRun(backup.point, opened)) {
        return step(PlanStatus::kReady, "not signed, but its sums are those this server wrote");
    }
    return step(
        PlanStatus::kBlocked,
        "not signed by a trusted signer, and not taken by this server: if you know who made "
        "it, restore it with lifeboat restore " +
            backup.point.backup_id + " --store " + backup.records.front().url +
            " --allow-untrusted");
}

std::vector<PlanStep> MakePlan(const Home& home, ReadableBackup& backup, RestoreRequest request,
                               Oid caller, std::string& encoding) {
    ServerInterrupt interrupt;
    const Backup& opened = backup.opened;
    Keyring ring(*backup.stores);
    AddServerSecrets(ring, home, backup.records.front(), backup.point.key, interrupt);
    const ReadContext context = MakeReadContext(opened, &ring, interrupt);
    const std::vector<TocEntry> toc = ReadToc(*backup.stores, opened, context);
    if (!request.tables.empty()) {
        request.choice = ChooseFromBackup(*backup.stores, opened, toc, context, request.tables);
    }
    encoding = opened.manifest.database.encoding;
    const TargetFacts facts = FactsOfThisServer(caller, request.target_database, opened.manifest);
    const ArchiveFacts archive = FactsOfArchive(toc);
    std::vector<PlanStep> plan = {CheckAccess(caller, backup), CheckLogin(caller),
                                  CheckTrust(backup), CheckCode(caller, archive)};
    for (PlanStep& step : MakeRestorePlan(opened.manifest, toc, archive, facts, request)) {
        plan.push_back(std::move(step));
    }
    return plan;
}

Datum RestorePlan(const Call& call) {
    const Home home = RequireHome();
    ResultSet result(call.info());
    const Oid caller = Caller();
    RoleScope as_owner(home.owner);
    const RestoreArguments arguments = ReadRestoreArguments(call, home);
    ServerInterrupt interrupt;
    CopyChoice choice;
    choice.say = [](const std::string& text) { Notice(text); };
    ReadableBackup backup = OpenCopies(home, arguments.point, choice, interrupt);
    std::string encoding;
    int number = 0;
    for (const PlanStep& step : MakePlan(home, backup, arguments.request, caller, encoding)) {
        result.Add({std::to_string(++number), step.phase, step.action,
                    ToLocalEncoding(step.object, encoding), std::to_string(step.bytes),
                    std::to_string(step.rows), SecondsText(step.estimate_seconds),
                    std::string(PlanStatusName(step.status)),
                    ToLocalEncoding(step.detail, encoding)});
    }
    return result.Done();
}

} // namespace
} // namespace lifeboat::pg

Datum lifeboat_restore_plan(PG_FUNCTION_ARGS) {
    return lifeboat::pg::Boundary(
        [&] { return lifeboat::pg::RestorePlan(lifeboat::pg::Call(fcinfo)); });
}
