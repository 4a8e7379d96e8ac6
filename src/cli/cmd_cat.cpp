// lifeboat cat: one table's rows, the schema or the globals to stdout.
#include <unistd.h>

#include <set>

#include "cli/pg_restore.h"
#include "cli/selection.h"
#include "cli/terminal.h"
#include "core/plan/restore_plan.h"

namespace lifeboat::cli {
namespace {

class CatVerb final : public Verb {
public:
    const char* name() const override { return "cat"; }
    const char* summary() const override {
        return "Print one table's rows, the schema or the globals";
    }
    const char* examples() const override {
        return "  lifeboat cat latest:app --store file:///srv/backups --recovery-key "
               "keys/recovery.key"
               " --table public.orders\n"
               "  lifeboat cat latest:app --store file:///srv/backups --recovery-key "
               "keys/recovery.key --schema\n";
    }
    void Declare(Command& command) override {
        backup_.Declare(command);
        store_.Declare(command);
        copies_.Declare(command);
        keys_.Declare(command);
        trust_.Declare(command);
        Command what = command.ExactlyOneOf("what", "What to print");
        what.Add("--table", table_, "SCHEMA.NAME", "Rows of this table as COPY text");
        what.Flag("--schema", schema_, "The schema as SQL (needs pg_restore)");
        what.Flag("--globals", globals_, "Roles and tablespaces as SQL");
        DeclareBinDirectory(command, bin_directory_);
    }

    int Run(Interrupt& interrupt) override {
        Session session(store_, copies_, keys_, interrupt);
        const Trust trust = trust_.Lenient(session.key_given(), interrupt);
        session.Open(backup_.Resolve(session.store(), interrupt), trust);
        session.ReadContents();
        FdSink out(STDOUT_FILENO, "standard output");
        if (schema_) {
            const std::string program = FindProgram("pg_restore", bin_directory_);
            AnonymousFile archive;
            session.Read(session.Need(ObjectKind::kSchema), archive);
            PgRestoreToScript({program, &archive, nullptr, {}}, out, interrupt);
        } else if (globals_) {
            PrintGlobals(session, out);
        } else {
            PrintTable(session, out);
        }
        return 0;
    }

private:
    static void PrintGlobals(Session& session, Sink& out) {
        const TocEntry* entry = session.Find(ObjectKind::kGlobals);
        if (entry == nullptr) {
            throw Error(Errc::NotFound,
                        "backup " + session.manifest().backup_id + " has no globals");
        }
        session.ReadChecked(*entry, out);
    }

    void PrintTable(Session& session, Sink& out) const {
        TableMatcher matcher({table_});
        std::set<std::string> names;
        std::vector<const TocEntry*> entries;
        for (const auto& entry : session.toc()) {
            if (entry.kind != ObjectKind::kData && entry.kind != ObjectKind::kConfig) continue;
            if (!matcher.Matches(entry.detail.schema, entry.detail.name)) continue;
            entries.push_back(&entry);
            names.insert(RelationName(entry.detail));
        }
        if (names.size() > 1) {
            throw Error(
                Errc::InvalidValue, "\"" + Printable(table_) + "\" matches more than one table",
                "The first are " + *names.begin() + " and " + *std::next(names.begin()) + ".",
                "Type the schema too: --table SCHEMA.NAME");
        }
        if (entries.empty()) Selection(session, {table_}); // a table without rows is there as well
        for (const auto* entry : entries) session.ReadChecked(*entry, out);
    }

    BackupArguments backup_;
    StoreArguments store_;
    CopyArguments copies_;
    KeyArguments keys_;
    TrustArguments trust_;
    std::string table_;
    bool schema_ = false;
    bool globals_ = false;
    std::string bin_directory_;
};

} // namespace

std::unique_ptr<Verb> MakeCat() { return std::make_unique<CatVerb>(); }

} // namespace lifeboat::cli
