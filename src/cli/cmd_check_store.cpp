// lifeboat check-store: writes, reads back, lists and deletes a probe.
#include "cli/options.h"
#include "cli/terminal.h"
#include "core/format/probe.h"

namespace lifeboat::cli {
namespace {

class CheckStoreVerb final : public Verb {
public:
    const char* name() const override { return "check-store"; }
    const char* summary() const override {
        return "Write, read back, list and delete a probe in a store";
    }
    const char* examples() const override {
        return "  lifeboat check-store --store file:///srv/backups\n"
               "  LIFEBOAT_STORE=file:///srv/backups lifeboat check-store\n";
    }
    void Declare(Command& command) override { store_.Declare(command); }

    int Run(Interrupt& interrupt) override {
        const auto store = store_.Open(interrupt);
        TextTable table({{"step"}, {"ok"}, {"ms", true}, {"detail"}});
        bool ok = true;
        for (const auto& step : ProbeStore(*store)) {
            ok = ok && step.ok;
            char elapsed[32];
            std::snprintf(elapsed, sizeof elapsed, "%.1f",
                          static_cast<double>(step.elapsed.count()) / 1000);
            table.Add({step.step, step.ok ? "yes" : "NO", elapsed, Printable(step.detail, 1000)});
        }
        PrintOut(table.Text());
        return ok ? 0 : ErrcExitCode(Errc::StoreRefused);
    }

private:
    StoreArguments store_;
};

} // namespace

std::unique_ptr<Verb> MakeCheckStore() { return std::make_unique<CheckStoreVerb>(); }

} // namespace lifeboat::cli
