#include "cli/restore/restore.h"

#include "cli/pg_restore.h"
#include "cli/restore/create_database.h"
#include "cli/restore/run_sql.h"
#include "cli/selection.h"
#include "cli/sql_splitter.h"
#include "cli/terminal.h"

namespace lifeboat::cli {
namespace {

constexpr uint64_t kMaxDatabaseSql = 16U << 20;
constexpr int kFirstVersionWithStatistics = 180000;

class Restore {
public:
    Restore(Session& session, const RestoreOptions& options, Progress& progress,
            Interrupt& interrupt)
        : session_(session),
          options_(options),
          progress_(progress),
          interrupt_(interrupt, progress),
          plain_interrupt_(interrupt),
          target_{options.conninfo, {}} {}

    RestoreReport Run() {
        progress_.SetPhase("preflight");
        pg_restore_ = FindProgram("pg_restore", options_.bin_directory);
        Select();
        Connection server(target_, {}, interrupt_); // waits, idle, while the database is filled
        server.Exec(
            "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_session_timeout = 0");
        const DatabaseSql properties = Preflight(server);
        CreateMarked(server, properties, look_, options_.database, session_.manifest().backup_id);
        try {
            Fill(server, properties);
        } catch (Error& error) {
            error.AddHint("Database \"" + Printable(options_.database) +
                          "\" is marked as incomplete. The same restore again starts over; to be "
                          "rid of it: DROP "
                          "DATABASE " +
                          QuoteName(options_.database));
            throw;
        }
        progress_.Done();
        return {selection_->tables(), rows_, selection_->raw_bytes(), progress_.seconds()};
    }

private:
    void Select() {
        selection_.emplace(session_, options_.tables);
        progress_.SetTotal(selection_->raw_bytes());
        if (!selection_->partial()) return;
        for (const auto& [schema, name] : selection_->choice()->empty) {
            PrintNote("table " + RelationName(schema, name) +
                      " comes along without rows: a chosen table depends on it");
        }
    }

    DatabaseSql Preflight(Connection& server) {
        const Manifest& manifest = session_.manifest();
        look_ = LookAtTarget(server, options_.database, manifest.backup_id);
        if (look_.state == TargetState::kTaken) ThrowTaken(look_, options_.database);
        DatabaseSql properties = ParseDatabaseSql(
            session_.ReadText(session_.Need(ObjectKind::kDatabase), kMaxDatabaseSql),
            options_.database);
        RestoreRequest request{options_.database, options_.tables, selection_->choice(),
                               options_.jobs};
        if (options_.with_globals) {
            request.with_globals = true;
            RequireReady(
                PlanFor(session_, GatherFacts(server, manifest, options_.database), request));
            RunGlobals(session_, server);
            request.with_globals = false;
        }
        RequireReady(PlanFor(session_, GatherFacts(server, manifest, options_.database), request));
        server.Query("SELECT pg_catalog.set_config('client_encoding', $1, false)",
                     {manifest.database.encoding});
        return properties;
    }

    void Fill(Connection& server, const DatabaseSql& properties) {
        progress_.SetPhase("schema");
        // Kept open to the end: while it is, nobody else can drop the database.
        Connection database =
            OpenLoadConnection(target_, options_.database, session_.manifest(), interrupt_);
        RunPgRestore(database, {"--section=pre-data"});

        progress_.SetPhase("data");
        rows_ = LoadRows({&session_, target_, options_.database, options_.jobs},
                         selection_->entries(), progress_, plain_interrupt_);
        LoadSequences(database);

        progress_.SetPhase("indexes");
        ApplySettings(server, properties); // refreshes see the database's own settings
        RunPgRestore(database, {"--section=post-data", "--jobs=" + std::to_string(options_.jobs)});

        progress_.SetPhase("finish");
        BringStatistics(database);
        FinishDatabase(server, properties, options_.database);
    }

    void RunPgRestore(const Connection& database, std::vector<std::string> arguments) {
        ChildTarget child = MakeChildTarget(database, options_.database);
        const PgRestoreRun run{pg_restore_, &selection_->archive(), selection_->list(),
                               std::move(arguments)};
        PgRestoreToDatabase(run, child, interrupt_);
    }

    void LoadSequences(Connection& database) {
        for (const auto& entry : session_.toc()) {
            if (entry.kind != ObjectKind::kSequences) continue;
            progress_.SetPhase("sequences");
            RunSql(
                "object " + entry.object, database,
                [&](AnonymousFile& file) { session_.Read(entry, file); },
                [this](const std::string& statement) {
                    return selection_->WantsSequence(statement);
                });
        }
    }

    void BringStatistics(Connection& database) {
        const TocEntry* entry = session_.Find(ObjectKind::kStatistics);
        if (entry == nullptr || selection_->partial() ||
            database.server_version() < kFirstVersionWithStatistics) {
            database.Exec("SET client_min_messages = error"); // others' catalogs are passed over
            database.Exec("ANALYZE");
            return;
        }
        AnonymousFile statistics;
        session_.Read(*entry, statistics);
        PgRestoreToDatabase({pg_restore_, &statistics, nullptr, {}},
                            MakeChildTarget(database, options_.database), interrupt_);
    }

    Session& session_;
    const RestoreOptions& options_;
    Progress& progress_;
    TickingInterrupt interrupt_;
    Interrupt& plain_interrupt_;
    Target target_;
    std::string pg_restore_;
    std::optional<Selection> selection_;
    TargetLook look_;
    uint64_t rows_ = 0;
};

} // namespace

RestoreReport RestoreBackup(Session& session, const RestoreOptions& options, Progress& progress,
                            Interrupt& interrupt) {
    return Restore(session, options, progress, interrupt).Run();
}

} // namespace lifeboat::cli
