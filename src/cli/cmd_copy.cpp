// lifeboat copy: one backup from a store into another, as it is: no key is needed.
#include "cli/json_text.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "core/base/count.h"
#include "core/format/copy_backup.h"

namespace lifeboat::cli {
namespace {

// Moves the bar on and tells it the bytes.
class CopyInterrupt final : public Interrupt {
public:
    CopyInterrupt(Interrupt& inner, Progress& progress, const CopyProgress& copied)
        : ticking_(inner, progress), progress_(progress), copied_(copied) {}
    void Check() override {
        progress_.SetTotal(copied_.bytes_total);
        progress_.bytes = copied_.bytes_done.load();
        ticking_.Check();
    }

private:
    TickingInterrupt ticking_;
    Progress& progress_;
    const CopyProgress& copied_;
};

class CopyVerb final : public Verb {
public:
    const char* name() const override { return "copy"; }
    const char* summary() const override {
        return "Copy a backup into another store, which is made when there is none";
    }
    const char* examples() const override {
        return "  lifeboat copy latest:app --from file:///srv/backups --to file:///mnt/offsite"
               " --signer-public keys/signer.pub\n"
               "  lifeboat copy latest:app --from file:///srv/backups --to file:///mnt/offsite"
               " --to-option max_rate=50MB --json\n";
    }
    void Declare(Command& command) override {
        backup_.Declare(command);
        from_.DeclareAs(command, "from", "The store that has the backup");
        to_.DeclareAs(command, "to", "The store that gets it");
        trust_.Declare(command);
        DeclareJson(command, json_);
        output_.Declare(command);
    }

    int Run(Interrupt& interrupt) override {
        if (output_.quiet) SilenceNotes();
        const auto from = from_.Open(interrupt);
        const auto to = to_.Open(interrupt);
        const Trust trust = trust_.Lenient(false, interrupt);
        const std::string id = backup_.Resolve(*from, interrupt);
        const auto started = std::chrono::steady_clock::now();
        Backup backup = OpenBackup(*from, id, trust);
        if (CreateStoreFor(*to, backup))
            PrintNote("made a store at " + Printable(to_.url) + ", encryption " +
                      (backup.manifest.encrypted ? "required" : "none"));
        CopyReport report;
        {
            Progress progress(Progress::StyleFor(output_, false), 0);
            progress.SetPhase("copy");
            CopyProgress copied;
            CopyInterrupt ticking(interrupt, progress, copied);
            report = CopyOrWithdraw(*from, *to, std::move(backup), ticking, copied);
        }
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
        Print(id, report, elapsed.count());
        return 0;
    }

private:
    // Who was interrupted may still say that nobody is at work any more.
    CopyReport CopyOrWithdraw(Store& from, Store& to, Backup backup, Interrupt& interrupt,
                              CopyProgress& copied) const {
        const std::string id = backup.manifest.backup_id;
        try {
            return CopyBackup(from, to, std::move(backup), interrupt, &copied);
        } catch (const Error& error) {
            NeverInterrupted never;
            if (error.code() == Errc::Cancelled && copied.announced)
                WithdrawCopy(*to_.Open(never), id, copied);
            throw;
        }
    }

    void Print(const std::string& id, const CopyReport& report, double seconds) const {
        if (json_) {
            PrintOut(JsonText({{"backup_id", id},
                               {"objects_copied", report.objects},
                               {"bytes_copied", report.bytes},
                               {"objects_there", report.objects_there},
                               {"bytes_there", report.bytes_there},
                               {"was_complete", report.was_complete},
                               {"elapsed", seconds}}));
            return;
        }
        if (output_.quiet) return;
        PrintOut(id + ": copied " + Count(report.objects, "object") + ", " +
                 HumanBytes(report.bytes) +
                 (report.objects_there == 0
                      ? ""
                      : "; " + Count(report.objects_there, "object") + ", " +
                            HumanBytes(report.bytes_there) + " were there already") +
                 "\n");
    }

    BackupArguments backup_;
    StoreArguments from_;
    StoreArguments to_;
    TrustArguments trust_;
    OutputArguments output_;
    bool json_ = false;
};

} // namespace

std::unique_ptr<Verb> MakeCopy() { return std::make_unique<CopyVerb>(); }

} // namespace lifeboat::cli
