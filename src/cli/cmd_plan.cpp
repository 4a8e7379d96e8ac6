// lifeboat plan: what a restore would do and what stands in its way. Touches nothing.
#include <cmath>

#include "cli/json_text.h"
#include "cli/restore/create_database.h"
#include "cli/restore/preflight.h"
#include "cli/selection.h"
#include "cli/terminal.h"

namespace lifeboat::cli {
namespace {

std::string DefaultTarget(const Manifest& manifest) {
    return manifest.database.name + "_restored_" + CompactUtc(Now());
}

std::string PlanText(const std::vector<PlanStep>& plan) {
    TextTable table({{"step", true},
                     {"phase"},
                     {"action"},
                     {"object"},
                     {"size", true},
                     {"rows", true},
                     {"seconds", true},
                     {"status"},
                     {"detail"}});
    for (const auto& step : plan) {
        table.Add(
            {std::to_string(step.step), step.phase, step.action, Printable(step.object),
             step.bytes == 0 ? "" : HumanBytes(step.bytes),
             step.rows == 0 ? "" : GroupedNumber(step.rows),
             step.estimate_seconds < 0.5 ? "" : std::to_string(std::lround(step.estimate_seconds)),
             std::string(PlanStatusName(step.status)), Printable(step.detail, 1000)});
    }
    return table.Text();
}

Json PlanJson(const std::vector<PlanStep>& plan) {
    Json rows = Json::array();
    for (const auto& step : plan) {
        rows.push_back({{"step", step.step},
                        {"phase", step.phase},
                        {"action", step.action},
                        {"object", step.object},
                        {"bytes", step.bytes},
                        {"rows", step.rows},
                        {"estimate", step.estimate_seconds},
                        {"status", PlanStatusName(step.status)},
                        {"detail", step.detail}});
    }
    return rows;
}

class PlanVerb final : public Verb {
public:
    const char* name() const override { return "plan"; }
    const char* summary() const override {
        return "Show what a restore would do and what stands in its way";
    }
    const char* examples() const override {
        return "  lifeboat plan latest:app --store file:///srv/backups --recovery-key "
               "keys/recovery.key"
               " --target 'host=/var/run/postgresql user=postgres' --target-database app_restored\n"
               "  lifeboat plan latest:app --store file:///srv/backups --secret keys/server.secret"
               " --target 'host=/var/run/postgresql user=postgres' --json\n";
    }
    void Declare(Command& command) override {
        backup_.Declare(command);
        store_.Declare(command);
        copies_.Declare(command);
        keys_.Declare(command);
        trust_.Declare(command);
        command.Add("--target", conninfo_, "CONNINFO",
                    "Where to: a connection string (else PG* as for psql)");
        command.Add("--target-database", request_.target_database, "NAME",
                    "Name of the database to create");
        DeclareTables(command, request_.tables, "Only tables that match; repeatable");
        command.Flag("--with-globals", request_.with_globals, "As the restore would be told");
        DeclareJobs(command, request_.jobs);
        DeclareJson(command, json_);
    }

    int Run(Interrupt& interrupt) override {
        Session session(store_, copies_, keys_, interrupt);
        const Trust trust = trust_.Lenient(session.key_given(), interrupt);
        session.Open(backup_.Resolve(session.store(), interrupt), trust);
        session.ReadContents();
        if (request_.target_database.empty())
            request_.target_database = DefaultTarget(session.manifest());
        if (!request_.tables.empty())
            request_.choice = Selection(session, request_.tables).choice();
        Target target{conninfo_, {}};
        Connection server(target, {}, interrupt);
        const auto plan = PlanFor(
            session, GatherFacts(server, session.manifest(), request_.target_database), request_);
        PrintOut(json_ ? JsonText(PlanJson(plan)) : PlanText(plan));
        const bool blocked = PlanVerdict(plan) == PlanStatus::kBlocked;
        return blocked ? ErrcExitCode(Errc::WrongState) : 0;
    }

private:
    BackupArguments backup_;
    StoreArguments store_;
    CopyArguments copies_;
    KeyArguments keys_;
    TrustArguments trust_;
    std::string conninfo_;
    RestoreRequest request_;
    bool json_ = false;
};

} // namespace

std::unique_ptr<Verb> MakePlan() { return std::make_unique<PlanVerb>(); }

} // namespace lifeboat::cli
