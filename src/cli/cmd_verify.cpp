// lifeboat verify: is everything there, unchanged, and readable?
#include "cli/json_text.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "cli/terminal.h"

namespace lifeboat::cli {
namespace {

class VerifyVerb final : public Verb {
public:
    const char* name() const override { return "verify"; }
    const char* summary() const override {
        return "Check that a backup is whole, unchanged and readable";
    }
    const char* examples() const override {
        return "  lifeboat verify latest:app --store file:///srv/backups --recovery-key "
               "keys/recovery.key"
               " --signer-public keys/signer.pub\n"
               "  lifeboat verify latest:app --store file:///srv/backups --level checksum --json\n";
    }
    void Declare(Command& command) override {
        backup_.Declare(command);
        store_.Declare(command);
        keys_.Declare(command);
        trust_.Declare(command);
        command.Add("--level", level_, "LEVEL", "present, checksum (no key needed), or content")
            .OneOf({"present", "checksum", "content"})
            .ShowDefault();
        DeclareJson(command, json_);
        output_.Declare(command);
    }

    int Run(Interrupt& interrupt) override {
        const auto store = store_.Open(interrupt);
        Keyring keys(*store);
        keys_.Fill(keys, interrupt);
        const Trust trust = trust_.Lenient(!keys.empty(), interrupt);
        const std::string id = backup_.Resolve(*store, interrupt);
        const VerifyLevel level = *ParseVerifyLevel(level_);
        const auto started = std::chrono::steady_clock::now();
        VerifyReport report;
        {
            Progress progress(Progress::StyleFor(output_, false), 0);
            progress.SetPhase("verify");
            TickingInterrupt ticking(interrupt, progress);
            report = VerifyBackup(*store, id, trust, keys.empty() ? nullptr : &keys, level, ticking,
                                  &progress.bytes);
        }
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
        Print(id, report, elapsed.count());
        return report.ok() ? 0 : ErrcExitCode(Errc::Damaged);
    }

private:
    void Print(const std::string& id, const VerifyReport& report, double seconds) const {
        if (json_) {
            PrintOut(JsonText({{"backup_id", id},
                               {"level", level_},
                               {"ok", report.ok()},
                               {"objects", report.objects},
                               {"bytes", report.bytes},
                               {"problems", report.problems},
                               {"elapsed", seconds}}));
            return;
        }
        for (const auto& problem : report.problems)
            PrintOut("problem: " + Printable(problem, 2000) + "\n");
        if (output_.quiet) return;
        PrintOut(id + (report.ok() ? ": ok, " : ": DAMAGED, ") + level_ + ", " +
                 GroupedNumber(report.objects) + " objects, " + HumanBytes(report.bytes) + "\n");
    }

    BackupArguments backup_;
    StoreArguments store_;
    KeyArguments keys_;
    TrustArguments trust_;
    OutputArguments output_;
    std::string level_ = "content";
    bool json_ = false;
};

} // namespace

std::unique_ptr<Verb> MakeVerify() { return std::make_unique<VerifyVerb>(); }

} // namespace lifeboat::cli
