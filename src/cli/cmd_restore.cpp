// lifeboat restore: a backup becomes a new database.
#include "cli/restore/restore.h"
#include "cli/terminal.h"

namespace lifeboat::cli {
namespace {

class RestoreVerb final : public Verb {
public:
    const char* name() const override { return "restore"; }
    const char* summary() const override {
        return "Restore a backup, or chosen tables of it, into a new database";
    }
    const char* examples() const override {
        return "  lifeboat restore latest:app --store file:///srv/backups --recovery-key "
               "keys/recovery.key"
               " --signer-public keys/signer.pub --target 'host=/var/run/postgresql user=postgres'"
               " --target-database app_restored --jobs 4\n"
               "  lifeboat restore latest:app --store file:///srv/backups --secret "
               "keys/server.secret"
               " --signer-public keys/signer.pub --target 'host=/var/run/postgresql user=postgres'"
               " --target-database app_orders --table 'public.order*'\n";
    }
    void Declare(Command& command) override {
        backup_.Declare(command);
        store_.Declare(command);
        copies_.Declare(command);
        keys_.Declare(command);
        trust_.Declare(command);
        command.Add("--target", options_.conninfo, "CONNINFO",
                    "Where to: a connection string (else PG* as for psql)");
        command
            .Add("--target-database", options_.database, "NAME", "Name of the database to create")
            .Required();
        DeclareTables(command, options_.tables,
                      "Only tables that match, with what belongs to them; as psql's \\d reads it; "
                      "repeatable");
        command.Flag("--with-globals", options_.with_globals,
                     "Create roles and tablespaces that are missing, first");
        DeclareJobs(command, options_.jobs);
        DeclareBinDirectory(command, options_.bin_directory);
        output_.Declare(command);
        command.Flag("--progress-json", progress_json_, "One JSON object a second on stdout");
    }

    int Run(Interrupt& interrupt) override {
        if (output_.quiet) SilenceNotes();
        Session session(store_, copies_, keys_, interrupt);
        const Trust trust = trust_.Strict(session.key_given(), interrupt);
        session.Open(backup_.Resolve(session.store(), interrupt), trust);
        session.ReadContents();
        Progress progress(Progress::StyleFor(output_, progress_json_), 0);
        const RestoreReport report = RestoreBackup(session, options_, progress, interrupt);
        Summarise(session.manifest().backup_id, report);
        return 0;
    }

private:
    void Summarise(const std::string& backup_id, const RestoreReport& report) const {
        char seconds[32];
        std::snprintf(seconds, sizeof seconds, "%.1f", report.seconds);
        PrintNote("restored " + backup_id + " into database \"" + Printable(options_.database) +
                  "\": " + GroupedNumber(report.tables) + " tables, " + GroupedNumber(report.rows) +
                  " rows, " + HumanBytes(report.bytes) + " in " + seconds + " s");
    }

    BackupArguments backup_;
    StoreArguments store_;
    CopyArguments copies_;
    KeyArguments keys_;
    TrustArguments trust_;
    OutputArguments output_;
    RestoreOptions options_;
    bool progress_json_ = false;
};

} // namespace

std::unique_ptr<Verb> MakeRestore() { return std::make_unique<RestoreVerb>(); }

} // namespace lifeboat::cli
