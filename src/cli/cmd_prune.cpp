// lifeboat prune: which backups rules keep, and the others out of the store, where a server may not
// delete.
//
// What only a catalog knows is not asked here: pins, what was verified, which runs have ended. So
// pinned backups are named with --keep, and whoever may be at work is known by his file `started`
// alone.
#include <algorithm>

#include "cli/json_text.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "core/base/count.h"
#include "core/plan/sweep.h"
#include "core/schedule/retention.h"

namespace lifeboat::cli {
namespace {

struct Candidate {
    RetentionCopy copy;
    std::string cluster; // of those that rules apply to
    uint64_t bytes = 0;
    RetentionDecision decision;
    std::string action;
};

// --keep-last and the others, --timezone
class RuleArguments {
public:
    void Declare(Command& command) {
        Count(command, "--keep-last", last_, "Keep the last N backups of each database");
        command.Add("--keep-within", within_, "TIME",
                    "Keep what is less than this older than the newest, such as 7d, 1y6m, 36h");
        Count(command, "--keep-hourly", hourly_,
              "Keep the newest of each of the last N hours that have a backup");
        Count(command, "--keep-daily", daily_, "The same of days");
        Count(command, "--keep-weekly", weekly_, "The same of weeks");
        Count(command, "--keep-monthly", monthly_, "The same of months");
        Count(command, "--keep-yearly", yearly_, "The same of years");
        command.Add("--timezone", timezone_, "ZONE", "Where days begin, such as Europe/Berlin")
            .ShowDefault();
    }

    [[nodiscard]] RetentionGroup Read() const {
        const auto count = [](int value) { return static_cast<uint32_t>(value); };
        KeepRules rules;
        rules.last = count(last_);
        if (!within_.empty()) rules.within = ParseKeepPeriod(within_, "--keep-within");
        rules.hourly = count(hourly_);
        rules.daily = count(daily_);
        rules.weekly = count(weekly_);
        rules.monthly = count(monthly_);
        rules.yearly = count(yearly_);
        if (rules.empty()) {
            throw Error(Errc::InvalidValue, "no rule says which backups to keep", {},
                        "Type for example: --keep-last 7 --keep-weekly 4");
        }
        return {rules, Zone::Find(timezone_)};
    }

private:
    static void Count(Command& command, const char* name, int& value, const char* help) {
        command.Add(name, value, "N", help).Between(1, INT32_MAX);
    }

    int last_ = 0, hourly_ = 0, daily_ = 0, weekly_ = 0, monthly_ = 0, yearly_ = 0;
    std::string within_;
    std::string timezone_ = "UTC";
};

class PruneVerb final : public Verb {
public:
    const char* name() const override { return "prune"; }
    const char* summary() const override {
        return "Delete the backups that no rule keeps; without --delete only say which";
    }
    const char* examples() const override {
        return "  lifeboat prune --store file:///srv/backups --keep-last 7 --keep-weekly 4"
               " --timezone Europe/Berlin\n"
               "  lifeboat prune --store file:///srv/backups --schedule nightly --keep-within 30d"
               " --signer-public keys/signer.pub --delete --json\n";
    }
    void Declare(Command& command) override {
        store_.Declare(command);
        rules_.Declare(command);
        command.Add("--system-identifier", clusters_, "ID",
                    "Only backups of this cluster; repeatable");
        command.Add("--schedule", schedules_, "NAME", "Only backups of this schedule; repeatable");
        command.Add("--database", databases_, "NAME", "Only backups of this database; repeatable");
        command.Flag("--ad-hoc", ad_hoc_, "Also backups of no schedule");
        command.Add("--keep", keep_, "ID", "Keep this backup; repeatable");
        command.Add("--signer-public", signers_, "FILE",
                    "Public key: backups that it has not signed count for nothing, and stay; "
                    "repeatable");
        const Option dry_run =
            command.Flag("--dry-run", dry_run_, "Delete nothing, only say what would be");
        command.Flag("--delete", delete_, "Delete").Excludes(dry_run);
        DeclareJson(command, json_);
    }

    int Run(Interrupt& interrupt) override {
        const RetentionGroup group = rules_.Read();
        const auto store = store_.Open(interrupt);
        ReadRepo(*store);
        std::vector<Candidate> candidates = Decide(*store, group, interrupt);
        RequireOneCluster(candidates);
        SweepReport report;
        if (delete_) report = Delete(*store, candidates, interrupt);
        PrintOut(json_ ? JsonText(AsJson(candidates, report)) : AsTable(candidates));
        if (!json_ && delete_) PrintNote(Summary(candidates, report));
        if (!report.unreadable.empty()) {
            PrintWarning("the manifest of backup " + report.unreadable +
                         " cannot be read: objects that it may need were kept");
        } else if (!report.all) {
            PrintWarning("some objects that no backup uses were kept: a run may be at work there");
        }
        return 0;
    }

private:
    static bool IsChosen(const std::vector<std::string>& names, const std::string& name) {
        return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
    }

    // Whoever can write to a store could forge backups that are newer than all others.
    [[nodiscard]] Trust ReadTrust(Interrupt& interrupt) const {
        Trust trust;
        for (const std::string& source : signers_) {
            trust.signers.push_back(
                SignerPublic::FromPem(ReadPublic(source, "--signer-public", interrupt), source));
        }
        if (signers_.empty())
            PrintWarning("the signatures are not checked: no --signer-public was given");
        return trust;
    }

    static bool IsGenuine(Store& store, const std::string& id, const Trust& trust) {
        if (trust.signers.empty()) return true;
        try {
            OpenBackup(store, id, trust);
            return true;
        } catch (const StoreError& error) {
            if (error.fault() != StoreFault::kNotFound) throw;
        } catch (const Error& error) {
            if (error.code() != Errc::Damaged && error.code() != Errc::Untrusted &&
                error.code() != Errc::NotFound && error.code() != Errc::Unsupported)
                throw;
        }
        return false;
    }

    // Each cluster's databases are its own.
    [[nodiscard]] Candidate Describe(const BackupEntry& entry) const {
        Candidate candidate;
        RetentionCopy& copy = candidate.copy;
        copy.backup_id = entry.backup_id;
        copy.damaged = !entry.problem.empty();
        copy.pinned = std::find(keep_.begin(), keep_.end(), entry.backup_id) != keep_.end();
        if (!entry.manifest) return candidate;
        const Manifest& manifest = *entry.manifest;
        candidate.bytes = manifest.totals.stored_bytes;
        copy.taken_at = manifest.snapshot_at;
        copy.sequence = manifest.sequence;
        const std::string database =
            manifest.cluster.system_identifier + '\0' + manifest.database.name;
        copy.floors = {database, manifest.schedule + '\0' + database};
        const bool chosen = manifest.schedule.empty() ? ad_hoc_ && schedules_.empty()
                                                      : IsChosen(schedules_, manifest.schedule);
        if (chosen && IsChosen(databases_, manifest.database.name) &&
            IsChosen(clusters_, manifest.cluster.system_identifier)) {
            copy.group = manifest.schedule + '\0' + database;
            candidate.cluster = manifest.cluster.system_identifier;
        }
        return candidate;
    }

    // A schedule of the same name is another's.
    void RequireOneCluster(const std::vector<Candidate>& candidates) const {
        std::set<std::string> clusters;
        for (const Candidate& candidate : candidates) {
            if (!candidate.cluster.empty()) clusters.insert(candidate.cluster);
        }
        if (!delete_ || !clusters_.empty() || clusters.size() < 2) return;
        std::string list;
        for (const std::string& cluster : clusters)
            list += (list.empty() ? "" : ", ") + Printable(cluster);
        throw Error(Errc::InvalidValue, "the store holds backups of several clusters",
                    "The rules would delete from each of them: " + list + ".",
                    "Name the cluster with --system-identifier.");
    }

    std::vector<Candidate> Decide(Store& store, const RetentionGroup& group,
                                  Interrupt& interrupt) const {
        std::vector<Candidate> candidates;
        std::vector<RetentionCopy> copies;
        std::map<std::string, RetentionGroup> groups;
        const Trust trust = ReadTrust(interrupt);
        for (const BackupEntry& entry : ListBackups(store, interrupt)) {
            interrupt.Check();
            candidates.push_back(Describe(entry));
            RetentionCopy& copy = candidates.back().copy;
            copy.damaged = copy.damaged || !IsGenuine(store, entry.backup_id, trust);
            copies.push_back(candidates.back().copy);
            if (!copies.back().group.empty()) groups.emplace(copies.back().group, group);
        }
        for (const std::string& id : keep_) {
            const bool there = std::any_of(copies.begin(), copies.end(),
                                           [&](const auto& copy) { return copy.backup_id == id; });
            if (!there) PrintWarning("there is no backup \"" + Printable(id) + "\" to keep");
        }
        const std::vector<RetentionDecision> decisions = DecideRetention(copies, groups, Now());
        for (size_t i = 0; i < candidates.size(); ++i) {
            candidates[i].decision = decisions[i];
            candidates[i].action = decisions[i].keep ? "keep" : "delete";
        }
        return candidates;
    }

    static SweepReport Delete(Store& store, std::vector<Candidate>& candidates,
                              Interrupt& interrupt) {
        Sweeper sweeper; // whoever's debris, when its deadline has passed
        const std::set<std::string> references = LiveReferences(store, sweeper, interrupt);
        for (Candidate& candidate : candidates) {
            if (candidate.decision.keep) continue;
            const std::string& id = candidate.copy.backup_id;
            if (references.contains(id)) {
                candidate.action = "postponed";
                continue;
            }
            TakeMark(store, id, interrupt);
            sweeper.deleted.insert(id);
        }
        return Sweep(store, sweeper, interrupt);
    }

    static size_t Deleted(const std::vector<Candidate>& candidates) {
        return static_cast<size_t>(
            std::count_if(candidates.begin(), candidates.end(),
                          [](const auto& candidate) { return candidate.action == "delete"; }));
    }

    static std::string Summary(const std::vector<Candidate>& candidates,
                               const SweepReport& report) {
        return "deleted " + lifeboat::Count(Deleted(candidates), "backup") + ", " +
               lifeboat::Count(report.objects, "object") + " with " + HumanBytes(report.bytes);
    }

    static std::string AsTable(const std::vector<Candidate>& candidates) {
        if (candidates.empty()) return "no backups\n";
        TextTable table({{"id"}, {"action"}, {"rule"}, {"stored", true}});
        for (const Candidate& candidate : candidates) {
            table.Add({candidate.copy.backup_id, candidate.action, candidate.decision.rule,
                       HumanBytes(candidate.bytes)});
        }
        return table.Text();
    }

    [[nodiscard]] Json AsJson(const std::vector<Candidate>& candidates,
                              const SweepReport& report) const {
        Json rows = Json::array();
        for (const Candidate& candidate : candidates) {
            rows.push_back({{"backup_id", candidate.copy.backup_id},
                            {"action", candidate.action},
                            {"rule", candidate.decision.rule},
                            {"bytes", candidate.bytes}});
        }
        return {{"dry_run", !delete_},
                {"backups", rows},
                {"objects_removed", report.objects},
                {"bytes_removed", report.bytes}};
    }

    StoreArguments store_;
    RuleArguments rules_;
    std::vector<std::string> clusters_;
    std::vector<std::string> schedules_;
    std::vector<std::string> databases_;
    std::vector<std::string> keep_;
    std::vector<std::string> signers_;
    bool ad_hoc_ = false;
    bool dry_run_ = false;
    bool delete_ = false;
    bool json_ = false;
};

} // namespace

std::unique_ptr<Verb> MakePrune() { return std::make_unique<PruneVerb>(); }

} // namespace lifeboat::cli
