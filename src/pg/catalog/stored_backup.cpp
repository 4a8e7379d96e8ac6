#include "pg/catalog/stored_backup.h"

#include "pg/catalog/rights.h"

namespace lifeboat::pg {
namespace {

std::string Label(const StoreRecord& record) { return "store \"" + record.name + "\""; }

// The driver, and what to hold the backup against; asks the store nothing.
StoredBackup Locate(const Home& home, const RestorePoint& point, Interrupt& interrupt) {
    StoredBackup backup;
    backup.point = point;
    backup.record = LoadStore(home, backup.point.store);
    RequireStoreUse(backup.record);
    backup.store = OpenRecorded(backup.record, interrupt);
    backup.trust = CatalogTrust(home, backup.record);
    backup.trust.allow_untrusted = true;
    backup.trust.sums.emplace();
    if (!DecodeHex(backup.point.sums, *backup.trust.sums)) {
        throw Error(Errc::Internal, "the catalog's sums of backup " + backup.point.backup_id +
                                        " are not a SHA-256");
    }
    return backup;
}

// All that is needed to open several copies, collected one by one. A store is asked only when those
// before it have failed: one that is away holds up nothing that does not need it.
class Copies {
public:
    Copies(const Home& home, const CopyChoice& choice, Interrupt& interrupt)
        : home_(home), choice_(choice), interrupt_(interrupt) {}

    void Add(const RestorePoint& point) {
        try {
            StoredBackup found = Locate(home_, point, interrupt_);
            if (choice_.allowed) choice_.allowed(found.record);
            members_.push_back({Label(found.record), std::move(found.store)});
            records_.push_back(std::move(found.record));
            points_.push_back(point);
            trusts_.push_back(std::move(found.trust));
        } catch (const ServerError&) {
            throw;
        } catch (const Error& error) {
            if (error.sqlstate().starts_with("57")) throw;
            refused_.emplace_back(point.store, error);
        }
    }

    ReadableBackup Open() {
        if (members_.empty() && refused_.empty())
            throw Error(Errc::NotFound, "there is no other copy of the backup to read");
        if (members_.empty()) throw Error(refused_.front().second);
        for (const auto& [store, error] : refused_)
            choice_.say("store \"" + store + "\" is passed over: " + error.message());
        auto stores = std::make_unique<FallbackStore>(
            std::move(members_), [say = choice_.say, passed = choice_.passed, points = points_](
                                     const FallbackStore& all, const PassedOver& what) {
                if (passed) passed(points[what.member], what);
                if (all.size() > 1) say(all.Describe(what));
            });
        ReadableBackup backup;
        backup.opened = OpenAnyCopy(
            *stores, points_.front().backup_id,
            [&](size_t member) -> const Trust& {
                CheckIdentity(stores->member(member), records_[member]);
                return trusts_[member];
            },
            [&](size_t member, const Error& error) {
                if (stores->size() > 1)
                    choice_.say(stores->Describe({member, {}, false, error.message()}));
            });
        backup.stores = std::move(stores);
        Order(backup);
        return backup;
    }

private:
    // The one that was opened first. The rights are those of a row that was not imported, if any.
    void Order(ReadableBackup& backup) {
        const auto first = static_cast<std::ptrdiff_t>(backup.stores->preferred());
        backup.point = points_[backup.stores->preferred()];
        for (const RestorePoint& point : points_) {
            if (!backup.point.imported || point.imported) continue;
            const std::string store = backup.point.store;
            backup.point = point;
            backup.point.store = store;
        }
        std::rotate(records_.begin(), records_.begin() + first, records_.begin() + first + 1);
        std::rotate(points_.begin(), points_.begin() + first, points_.begin() + first + 1);
        backup.records = std::move(records_);
        backup.copies = std::move(points_);
    }

    const Home& home_;
    const CopyChoice& choice_;
    Interrupt& interrupt_;
    std::vector<FallbackStore::Member> members_;
    std::vector<StoreRecord> records_;
    std::vector<RestorePoint> points_;
    std::vector<Trust> trusts_;
    std::vector<std::pair<std::string, Error>> refused_;
};

} // namespace

StoredBackup FindInStore(const Home& home, const RestorePoint& point, Interrupt& interrupt) {
    StoredBackup backup = Locate(home, point, interrupt);
    CheckIdentity(*backup.store, backup.record);
    return backup;
}

ReadableBackup OpenCopies(const Home& home, const RestorePoint& point, const CopyChoice& choice,
                          Interrupt& interrupt) {
    Copies copies(home, choice, interrupt);
    for (const RestorePoint& copy : FindCopies(home, point)) {
        if (copy.store != choice.except_store) copies.Add(copy);
    }
    return copies.Open();
}

bool IsOfPassedOver(std::string_view note) noexcept {
    return note.find(" is passed over: ") != std::string_view::npos ||
           note.find(" is read from another copy than that in ") != std::string_view::npos;
}

void RequireBackupRights(Oid role, const RestorePoint& point, const std::string& verb) {
    if (IsSuperuser(role)) return;
    const std::string message =
        "role \"" + RoleName(role) + "\" may not " + verb + " backup " + point.backup_id;
    if (point.imported) {
        throw Error(
            Errc::Permission, message,
            "It was imported from a store, not taken by this server: that needs superuser.");
    }
    if (RoleExists(point.role_oid) && ActsFor(role, point.role_oid)) return;
    const std::string taker = RoleName(point.role_oid);
    const bool exists = RoleExists(point.role_oid);
    // Nobody is made a superuser for the sake of a restore.
    std::string hint = "Let a superuser " + verb + " it.";
    if (exists && !IsSuperuser(point.role_oid)) {
        hint = "GRANT " + QuoteIdent(taker) + " TO " + QuoteIdent(RoleName(role)) + ";";
    } else if (exists) {
        hint = "Let a superuser " + verb +
               " it. For backups to come, give the schedule to a weaker role: "
               "SELECT backup_alter_schedule(name => '…', owner => 'role');";
    }
    throw Error(Errc::Permission, message,
                "It was taken as \"" + taker + "\"" +
                    (exists && IsSuperuser(point.role_oid) ? ", a superuser" : "") +
                    ": the privileges of that role are needed.",
                hint);
}

bool MayRun(const RestorePoint& point, const Backup& opened) noexcept {
    return opened.signature_checked || !point.imported;
}

} // namespace lifeboat::pg
