#include "cli/session.h"

#include <algorithm>

#include "cli/terminal.h"

namespace lifeboat::cli {

Session::Session(const StoreArguments& store, const CopyArguments& copies, const KeyArguments& keys,
                 Interrupt& interrupt)
    : store_arguments_(store),
      copy_arguments_(copies),
      interrupt_(interrupt),
      store_(OpenStores(interrupt)),
      keys_(*store_) {
    keys.Fill(keys_, interrupt);
}

void Session::Open(const std::string& backup_id, const Trust& trust) {
    backup_ = OpenAnyCopy(
        *store_, backup_id, [&trust](size_t) -> const Trust& { return trust; },
        [this](size_t member, const Error& error) {
            if (store_->size() == 1) return; // then it is the error
            SayOnce(store_->Describe({member, {}, false, error.message()}));
        });
    preferred_ = store_->preferred();
    for (const auto& record : backup_.manifest.objects) records_.emplace(record.name, &record);
}

void Session::ReadContents() {
    if (!readable()) {
        throw Error(Errc::KeyMissing,
                    "backup " + manifest().backup_id + " is encrypted and no key was given", {},
                    "Type --recovery-key recovery.key, or --secret file:/path/to/server.secret.");
    }
    if (manifest().encrypted) {
        for (const auto& id : manifest().key_ids) run_keys_.emplace(id, keys_.Find(id));
    }
    toc_ = ReadToc(*store_, backup_, Context(interrupt_));
}

const ObjectRecord& Session::Record(const TocEntry& entry) const {
    const auto found = records_.find(entry.object);
    if (found == records_.end()) {
        throw Error(Errc::Damaged,
                    "backup " + manifest().backup_id +
                        ": the toc names an object that the manifest does not",
                    "The object is " + Printable(entry.object) + ".");
    }
    return *found->second;
}

const TocEntry* Session::Find(ObjectKind kind) const noexcept {
    const auto found = std::ranges::find(toc_, kind, &TocEntry::kind);
    return found == toc_.end() ? nullptr : &*found;
}

const TocEntry& Session::Need(ObjectKind kind) const {
    const TocEntry* entry = Find(kind);
    if (entry == nullptr) {
        throw Error(Errc::Damaged, "backup " + manifest().backup_id + " has no entry of kind " +
                                       std::string(ObjectKindName(kind)));
    }
    return *entry;
}

std::unique_ptr<FallbackStore> Session::OpenStores(Interrupt& interrupt) const {
    std::vector<FallbackStore::Member> members;
    members.push_back({store_arguments_.url, store_arguments_.Open(interrupt)});
    copy_arguments_.Open(interrupt, members);
    return std::make_unique<FallbackStore>(
        std::move(members), [this](const FallbackStore& stores, const PassedOver& passed) {
            if (stores.size() > 1) SayOnce(stores.Describe(passed));
        });
}

void Session::SayOnce(const std::string& text) const {
    const std::lock_guard lock(said_mutex_);
    if (said_.insert(text).second) PrintWarning(Printable(text, 1000));
}

std::unique_ptr<Store> Session::AnotherStore(Interrupt& interrupt) const {
    std::unique_ptr<FallbackStore> stores = OpenStores(interrupt);
    stores->Prefer(preferred_);
    return stores;
}

ReadContext Session::Context(Interrupt& interrupt) const {
    ReadContext context;
    if (!keys_.empty()) {
        context.keys = [this](const KeyId& id) {
            const auto found = run_keys_.find(id);
            if (found != run_keys_.end()) return found->second;
            throw Error(Errc::KeyMissing, "the manifest does not name run key " + ToHex(id));
        };
    }
    context.origin_stores = backup_.repo.accepted_origins;
    context.origin_stores.push_back(backup_.repo.store_id);
    context.interrupt = &interrupt;
    return context;
}

void Session::Read(const TocEntry& entry, AnonymousFile& into) {
    ReadAnyCopy(*store_, entry.object, [&] {
        into.Clear();
        ReadObject(*store_, Record(entry), Context(interrupt_), into);
    });
}

void Session::ReadChecked(const TocEntry& entry, Sink& sink) {
    AnonymousFile checked;
    Read(entry, checked);
    checked.CopyTo(sink, interrupt_);
}

std::string Session::ReadText(const TocEntry& entry, uint64_t limit) {
    return ReadAnyCopy(*store_, entry.object, [&] {
        StringSink text(limit);
        ReadObject(*store_, Record(entry), Context(interrupt_), text);
        return text.Take();
    });
}

std::string RelationName(std::string_view schema, std::string_view name) {
    return Printable(QuoteIdentifier(schema) + "." + QuoteIdentifier(name));
}
std::string RelationName(const TocDetail& detail) {
    return RelationName(detail.schema, detail.name);
}

std::vector<std::pair<std::string, std::string>> PinnedSettings(const Manifest& manifest) {
    constexpr std::string_view kPinned[] = {"TimeZone",   "bytea_output",  "extra_float_digits",
                                            "DateStyle",  "IntervalStyle", "xmlbinary",
                                            "lc_monetary"};
    std::vector<std::pair<std::string, std::string>> pinned;
    for (const auto& setting : manifest.settings) {
        if (std::ranges::find(kPinned, setting.first) != std::end(kPinned))
            pinned.push_back(setting);
    }
    return pinned;
}

} // namespace lifeboat::cli
