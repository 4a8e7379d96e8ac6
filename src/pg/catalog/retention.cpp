#include "pg/catalog/retention.h"

#include "pg/catalog/rights.h"
#include "pg/catalog/this_cluster.h"

namespace lifeboat::pg {
namespace {

std::string CopiesSql() {
    return "SELECT p.backup_id, p.store, p.database, p.schedule, "
           "(extract(epoch FROM p.taken_at) * 1000000)::bigint, p.sequence, p.pinned, p.status = "
           "'damaged', " +
           std::string(kIsOwnBackup) +
           ", p.stored_bytes, p.system_identifier, "
           "p.database_oid, "
           "coalesce(p.verified_level IN ('content', 'restore') OR p.verified_level = 'checksum' "
           "AND "
           "p.encrypted AND k.secret IS NULL, false), d.oid IS NOT NULL AND p.system_identifier = "
           "$1, p.role_oid "
           "FROM @.backup_restore_points p LEFT JOIN @.backup_keys k ON k.name = p.key LEFT JOIN "
           "pg_database d ON d.oid = p.database_oid WHERE p.status <> 'deleted' ORDER BY "
           "p.taken_at DESC, "
           "p.sequence DESC, p.backup_id DESC, p.store";
}

constexpr const char* kRules =
    "SELECT keep_last, keep_hourly, keep_daily, keep_weekly, keep_monthly, keep_yearly, "
    "extract(year FROM keep_within) * 12 + extract(month FROM keep_within), "
    "extract(day FROM keep_within), ((extract(hour FROM keep_within) * 60 + extract(minute FROM "
    "keep_within)) * 60000000 + extract(microseconds FROM keep_within))::bigint "
    "FROM @.backup_schedules WHERE name = $1";

// Names may hold anything but this.
std::string Joined(const std::string& a, const std::string& b) { return a + '\0' + b; }

// A backup is one of the database of that name. And of the database that it was taken from, while
// that is there under another name: one that was renamed has a floor of its own. What others have
// taken protects nothing of ours: an imported backup, or one of the cluster that we are a copy of.
std::vector<std::string> FloorsOf(const Row& row) {
    std::vector<std::string> floors = {Joined(IsTrue(row[8]) ? "" : *row[10], *row[2])};
    if (IsTrue(row[13])) floors.push_back(Joined("oid", *row[11]));
    // One schedule may leave out tables or rows: it is no floor for another.
    if (row[3]) floors.push_back(Joined(Joined("schedule", *row[3]), floors.front()));
    return floors;
}

class Groups {
public:
    // None while this may be a copy of the cluster that goes by these rules.
    explicit Groups(const Home& home) {
        if (WhyNotAtHome(home)) return;
        for (const std::string& name : ScheduleNames(home)) {
            const std::optional<ScheduleRecord> schedule = FindSchedule(home, name);
            const KeepRules rules = LoadKeepRules(home, name);
            if (schedule && !rules.empty() && IsOfThisCluster(*schedule)) Add(*schedule, rules);
        }
    }

    // Empty: no rule applies. Whoever makes a schedule of the name of another one that was dropped
    // has no say in what others' backups are kept.
    std::string Of(const std::string& schedule, const std::string& database, const Value& role) {
        const auto found = schedules_.find(schedule);
        if (found == schedules_.end()) return {};
        const auto& [target, owner, group] = found->second;
        if (target != "*" && target != database) return {};
        if (role && !ActsFor(owner, ToOid(role))) return {};
        const std::string name = Joined(schedule, database);
        groups_.emplace(name, group);
        return name;
    }

    [[nodiscard]] const std::map<std::string, RetentionGroup>& all() const noexcept {
        return groups_;
    }

private:
    // A time zone that is no more: nothing is deleted by a calendar that nobody can read.
    void Add(const ScheduleRecord& schedule, const KeepRules& rules) {
        try {
            schedules_.emplace(schedule.name,
                               Target{schedule.database, schedule.owner,
                                      RetentionGroup{rules, Zone::Find(schedule.timezone)}});
        } catch (const Error& error) {
            if (error.code() != Errc::InvalidValue) throw;
        }
    }

    struct Target {
        std::string database;
        Oid owner = InvalidOid;
        RetentionGroup group;
    };
    std::map<std::string, Target> schedules_;
    std::map<std::string, RetentionGroup> groups_;
};

} // namespace

KeepRules LoadKeepRules(const Home& home, const std::string& schedule) {
    KeepRules rules;
    const Rows rows = Query(home.Sql(kRules), {schedule});
    if (rows.empty()) return rules;
    const Row& row = rows[0];
    uint32_t* const counts[] = {&rules.last,   &rules.hourly,  &rules.daily,
                                &rules.weekly, &rules.monthly, &rules.yearly};
    for (size_t i = 0; i < std::size(counts); ++i)
        *counts[i] = static_cast<uint32_t>(ToInt(row[i]));
    if (row[6]) {
        rules.within =
            KeepPeriod{ToInt(row[6]), ToInt(row[7]), std::chrono::microseconds(ToInt(row[8]))};
    }
    return rules;
}

std::vector<KeptCopy> DecideForCatalog(const Home& home) {
    Groups groups(home);
    std::vector<RetentionCopy> copies;
    std::vector<KeptCopy> kept;
    for (const Row& row : Query(home.Sql(CopiesSql()), {SystemIdentifier()})) {
        RetentionCopy& copy = copies.emplace_back();
        copy.backup_id = *row[0];
        copy.store = *row[1];
        copy.taken_at = Instant(std::chrono::microseconds(ToInt(row[4])));
        copy.sequence = static_cast<uint64_t>(ToInt(row[5]));
        if (row[3] && IsTrue(row[8])) copy.group = groups.Of(*row[3], *row[2], row[14]);
        copy.floors = FloorsOf(row);
        copy.pinned = IsTrue(row[6]);
        copy.damaged = IsTrue(row[7]);
        copy.verified = IsTrue(row[12]);
        kept.push_back({*row[0],
                        *row[1],
                        row[3].value_or(""),
                        *row[10],
                        static_cast<uint64_t>(ToInt(row[9])),
                        {}});
    }
    const std::vector<RetentionDecision> decisions = DecideRetention(copies, groups.all(), Now());
    for (size_t i = 0; i < kept.size(); ++i) kept[i].decision = decisions[i];
    return kept;
}

} // namespace lifeboat::pg
