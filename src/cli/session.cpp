#include "cli/session.h"

#include <algorithm>

#include "cli/anonymous_file.h"

namespace lifeboat::cli {

Session::Session(const StoreArguments& store, const KeyArguments& keys, Interrupt& interrupt)
    : store_arguments_(store),
      interrupt_(interrupt),
      store_(store.Open(interrupt)),
      keys_(*store_) {
    keys.Fill(keys_, interrupt);
}

void Session::Open(const std::string& backup_id, const Trust& trust) {
    backup_ = OpenBackup(*store_, backup_id, trust);
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

std::unique_ptr<Store> Session::AnotherStore(Interrupt& interrupt) const {
    return store_arguments_.Open(interrupt);
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

void Session::Read(const TocEntry& entry, Sink& sink) {
    ReadObject(*store_, Record(entry), Context(interrupt_), sink);
}

void Session::ReadChecked(const TocEntry& entry, Sink& sink) {
    AnonymousFile checked;
    Read(entry, checked);
    checked.CopyTo(sink, interrupt_);
}

std::string Session::ReadText(const TocEntry& entry, uint64_t limit) {
    StringSink text(limit);
    Read(entry, text);
    return text.Take();
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
