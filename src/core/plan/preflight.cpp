#include "core/plan/preflight.h"

#include <algorithm>

#include "core/base/count.h"
#include "core/plan/plan_estimates.h"

namespace lifeboat {
namespace {

constexpr size_t kMaxNameBytes = 63; // NAMEDATALEN - 1
constexpr int kFirstNumOfVersion = 10000;

std::string Quoted(std::string_view text) { return "\"" + Printable(text) + "\""; }

std::string VersionText(int number) {
    return std::to_string(number / kFirstNumOfVersion) + "." +
           std::to_string(number % kFirstNumOfVersion);
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

std::vector<std::string> Versions(const std::vector<VersionedName>& list, std::string_view name) {
    std::vector<std::string> versions;
    for (const auto& entry : list) {
        if (entry.name == name) versions.push_back(entry.version);
    }
    return versions;
}

std::string Listed(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + Printable(name);
    return text;
}

class Preflight {
public:
    Preflight(const PreflightInput& input, std::vector<PlanStep>& steps)
        : manifest_(input.manifest),
          archive_(input.archive),
          target_(input.target),
          request_(input.request),
          bytes_(input.bytes),
          steps_(steps) {}

    void Version() {
        const int from = manifest_.cluster.server_version_num;
        const int to = target_.server_version_num;
        const int major = from / kFirstNumOfVersion;
        const std::string versions =
            "backup from PostgreSQL " + VersionText(from) + ", target " + VersionText(to);
        if (to == 0) {
            Add("check server version", "PostgreSQL", PlanStatus::kWarning,
                "the target's version is not known");
        } else if (to / kFirstNumOfVersion < major) {
            Add("check server version", "PostgreSQL", PlanStatus::kBlocked,
                versions + ": restore into version " + std::to_string(major) + " or newer");
        } else {
            Add("check server version", "PostgreSQL", PlanStatus::kReady, versions);
        }
    }

    void DatabaseName() {
        const std::string& name = request_.target_database;
        if (name.empty() || name.size() > kMaxNameBytes) {
            Add("check database name", name, PlanStatus::kBlocked, "a name has 1 to 63 bytes");
        } else if (target_.database_exists) {
            Add("check database name", name, PlanStatus::kBlocked,
                "database " + Quoted(name) +
                    " already exists: choose another name, or drop it first");
        } else {
            Add("check database name", name, PlanStatus::kReady, "the name is free");
        }
    }

    void Rights() {
        const std::string role = Quoted(target_.role);
        if (target_.is_superuser) {
            Add("check rights", target_.role, PlanStatus::kReady,
                "role " + role + " is a superuser");
        } else if (!target_.can_create_database) {
            Add("check rights", target_.role, PlanStatus::kBlocked,
                "role " + role + " may not create databases: ALTER ROLE " +
                    QuoteIdentifier(target_.role) + " CREATEDB");
        } else if (const auto others = OtherOwners(); others.empty()) {
            Add("check rights", target_.role, PlanStatus::kReady,
                "role " + role + " may create databases");
        } else {
            Add("check rights", target_.role, PlanStatus::kWarning,
                "role " + role + " is no superuser and must be a member of " + Listed(others) +
                    " to restore their objects");
        }
    }

    void Roles() { CheckNames("roles", "role", archive_.roles, target_.roles, "CREATE ROLE "); }
    void Tablespaces() {
        std::vector<std::string> used;
        for (const auto& name : archive_.tablespaces) {
            if (name != "pg_default" && name != "pg_global") used.push_back(name);
        }
        CheckNames("tablespaces", "tablespace", used, target_.tablespaces, "CREATE TABLESPACE ");
    }

    void Extensions() {
        const size_t before = steps_.size();
        for (const auto& extension : manifest_.extensions) {
            const auto versions = Versions(target_.available_extensions, extension.name);
            if (versions.empty()) {
                Add("check extension", extension.name, PlanStatus::kBlocked,
                    "extension " + Quoted(extension.name) +
                        " is not installed on the target server: install its package (the backup "
                        "has version " +
                        Printable(extension.version) + ")");
            } else if (!Contains(versions, extension.version)) {
                Add("check extension", extension.name, PlanStatus::kWarning,
                    "the backup has version " + Printable(extension.version) +
                        ", the target offers " + Listed(versions));
            }
        }
        if (steps_.size() == before) {
            Add("check extensions", Count(manifest_.extensions.size(), "extension"),
                PlanStatus::kReady, "all are installed in the same versions");
        }
    }

    void Collations() {
        const size_t before = steps_.size();
        for (const auto& provider : manifest_.collation_providers) {
            const auto versions = Versions(target_.collation_providers, provider.name);
            const std::string had = "the backup has version " + Printable(provider.version);
            if (versions.empty()) {
                const bool needed = provider.name == manifest_.database.locale_provider;
                Add("check collation provider", provider.name,
                    needed ? PlanStatus::kBlocked : PlanStatus::kWarning,
                    had + ", the target server has no such provider");
            } else if (!Contains(versions, provider.version)) {
                Add("check collation provider", provider.name, PlanStatus::kWarning,
                    had + ", the target " + Listed(versions) +
                        ": indexes are built anew, but partition bounds and CHECK constraints on "
                        "text may sort differently");
            }
        }
        if (steps_.size() == before) {
            Add("check collation versions", Count(manifest_.collation_providers.size(), "provider"),
                PlanStatus::kReady, "the same as in the backup");
        }
    }

    void Encoding() {
        for (const auto& locale : target_.locales_missing) {
            Add("check locale", locale, PlanStatus::kBlocked,
                "locale " + Quoted(locale) +
                    " does not exist on the target server: install it there");
        }
        const DatabaseInfo& database = manifest_.database;
        std::string detail = "the new database gets encoding " + Printable(database.encoding) +
                             ", LC_COLLATE " + Quoted(database.collate) + ", LC_CTYPE " +
                             Quoted(database.ctype);
        if (!database.icu_locale.empty()) detail += ", ICU locale " + Quoted(database.icu_locale);
        Add("check encoding", database.encoding, PlanStatus::kReady, std::move(detail));
    }

    void DiskSpace() {
        const auto times = [this](double factor) {
            return static_cast<uint64_t>(static_cast<double>(bytes_) * factor);
        };
        const uint64_t safe = times(kSafeDiskPerByte);
        const std::string need = "about " + HumanBytes(safe) + " will be needed";
        PlanStatus status = PlanStatus::kReady;
        std::string detail;
        if (!target_.free_bytes) {
            status = PlanStatus::kWarning;
            detail = need + ", the free space is not known";
        } else {
            if (*target_.free_bytes < safe) status = PlanStatus::kWarning;
            if (*target_.free_bytes < times(kLeastDiskPerByte)) status = PlanStatus::kBlocked;
            detail = need + ", " + HumanBytes(*target_.free_bytes) + " are free";
        }
        Add("check disk space", "data directory", status, std::move(detail));
        steps_.back().bytes = safe;
    }

private:
    void Add(std::string action, std::string object, PlanStatus status, std::string detail) {
        PlanStep step;
        step.phase = "preflight";
        step.action = std::move(action);
        step.object = std::move(object);
        step.status = status;
        step.detail = std::move(detail);
        steps_.push_back(std::move(step));
    }

    std::vector<std::string> OtherOwners() const {
        std::vector<std::string> others;
        for (const auto& role : archive_.roles) {
            if (role != target_.role && role != "public") others.push_back(role);
        }
        return others;
    }

    // One line when all are there, else one for each that is missing.
    void CheckNames(const std::string& plural, const std::string& noun,
                    const std::vector<std::string>& wanted,
                    const std::vector<std::string>& existing, const std::string& statement) {
        size_t missing = 0;
        for (const auto& name : wanted) {
            if (Contains(existing, name)) continue;
            ++missing;
            const std::string words = noun + " " + Quoted(name) + " does not exist";
            if (request_.with_globals) {
                Add("check " + noun, name, PlanStatus::kReady,
                    words + ", it is restored with the globals");
            } else {
                Add("check " + noun, name, PlanStatus::kBlocked,
                    words + ": " + statement + QuoteIdentifier(name) +
                        ", or let \"lifeboat restore --with-globals\" make it");
            }
        }
        if (missing == 0) {
            Add("check " + plural, Count(wanted.size(), noun), PlanStatus::kReady,
                wanted.empty() ? "none is needed" : "all exist");
        }
    }

    const Manifest& manifest_;
    const ArchiveFacts& archive_;
    const TargetFacts& target_;
    const RestoreRequest& request_;
    uint64_t bytes_;
    std::vector<PlanStep>& steps_;
};

} // namespace

void PlanPreflight(const PreflightInput& input, std::vector<PlanStep>& steps) {
    Preflight preflight(input, steps);
    preflight.Version();
    preflight.DatabaseName();
    preflight.Rights();
    preflight.Roles();
    preflight.Tablespaces();
    preflight.Extensions();
    preflight.Collations();
    preflight.Encoding();
    preflight.DiskSpace();
}

} // namespace lifeboat
