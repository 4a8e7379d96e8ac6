// A backup opened for reading: store, keys, manifest, table of contents, and the record of each
// object.
#pragma once

#include <map>
#include <vector>

#include <mutex>
#include <set>

#include "cli/anonymous_file.h"
#include "cli/options.h"

namespace lifeboat::cli {

class Session {
public:
    // Opens the store and reads the keys that were given; nothing of a backup yet.
    // With copies: what one store cannot give, or gives damaged, is read from the next.
    Session(const StoreArguments& store, const CopyArguments& copies, const KeyArguments& keys,
            Interrupt& interrupt);

    [[nodiscard]] Store& store() noexcept { return *store_; }
    [[nodiscard]] Keyring& keys() noexcept { return keys_; }
    [[nodiscard]] bool key_given() const noexcept { return !keys_.empty(); }

    // Checks signature, sums and manifest.
    void Open(const std::string& backup_id, const Trust& trust);
    [[nodiscard]] const Backup& backup() const noexcept { return backup_; }
    [[nodiscard]] const Manifest& manifest() const noexcept { return backup_.manifest; }
    // Can the contents be read with what was given?
    [[nodiscard]] bool readable() const noexcept { return !manifest().encrypted || key_given(); }

    // Opens all run keys and reads the toc. Error(KeyMissing) for an encrypted backup without a
    // key.
    void ReadContents();
    [[nodiscard]] const std::vector<TocEntry>& toc() const noexcept { return toc_; }
    [[nodiscard]] const ObjectRecord& Record(const TocEntry& entry) const;
    // The first entry of a kind; null when the backup has none.
    [[nodiscard]] const TocEntry* Find(ObjectKind kind) const noexcept;
    // The same; Error(Damaged) when the backup has none.
    [[nodiscard]] const TocEntry& Need(ObjectKind kind) const;

    // For readers in other threads: a driver of their own, and a context whose keys are looked up
    // without the store.
    [[nodiscard]] std::unique_ptr<Store> AnotherStore(Interrupt& interrupt) const;
    [[nodiscard]] ReadContext Context(Interrupt& interrupt) const;

    // One whole object, from whichever copy is sound.
    void Read(const TocEntry& entry, AnonymousFile& into);
    // The same for what goes where it cannot be taken back: nothing flows before the very bytes
    // that will flow were all checked. They wait in a temporary file: a store may answer a second
    // reading otherwise than the first. Does not finish `sink`.
    void ReadChecked(const TocEntry& entry, Sink& sink);
    [[nodiscard]] std::string ReadText(const TocEntry& entry, uint64_t limit);

private:
    [[nodiscard]] std::unique_ptr<FallbackStore> OpenStores(Interrupt& interrupt) const;
    void SayOnce(const std::string& text) const;

    StoreArguments store_arguments_;
    CopyArguments copy_arguments_;
    Interrupt& interrupt_;
    mutable std::mutex said_mutex_;
    mutable std::set<std::string> said_; // each thread that reads finds out for itself
    size_t preferred_ = 0;
    std::unique_ptr<FallbackStore> store_;
    Keyring keys_;
    Backup backup_;
    std::map<KeyId, Key> run_keys_;
    std::vector<TocEntry> toc_;
    std::map<std::string, const ObjectRecord*, std::less<>> records_;
};

// "public.orders", quoted where SQL would need it and safe to print.
std::string RelationName(std::string_view schema, std::string_view name);
std::string RelationName(const TocDetail& detail);

// Settings that the backup pinned when it wrote its rows and that whoever loads them sets too.
// Other names a manifest may hold are left out.
std::vector<std::pair<std::string, std::string>> PinnedSettings(const Manifest& manifest);

} // namespace lifeboat::cli
