#include "core/store/fallback.h"

#include <algorithm>
#include <numeric>

namespace lifeboat {
namespace {

std::string Words(const Error& error) {
    return error.detail().empty() ? error.message() : error.message() + ": " + error.detail();
}

// The store itself does not answer, whatever it is asked for.
bool SaysStoreIsAway(const StoreError& error) {
    return error.fault() == StoreFault::kTransient || error.code() == Errc::StoreMissing ||
           error.code() == Errc::StoreUnreachable;
}

// Of several errors, which tells most about an object.
int Weight(const StoreError& error) {
    if (SaysStoreIsAway(error)) return 0;
    return error.fault() == StoreFault::kNotFound ? 1 : 2;
}

[[noreturn]] void ThrowReadOnly() {
    throw Error(Errc::Internal, "several stores are read as one: nothing is written to them");
}

} // namespace

// Goes on in the next store where one broke off.
class FallbackStore::Stream final : public Source {
public:
    Stream(FallbackStore& owner, std::string_view name, ByteRange range)
        : owner_(owner), name_(name), range_(range) {
        Open();
    }
    size_t Read(MutableBytes into) override {
        for (;;) {
            if (!inner_) Open();
            try {
                const size_t got = inner_->Read(into);
                range_.offset += got;
                if (range_.length != UINT64_MAX) range_.length -= got;
                delivered_ = delivered_ || got > 0;
                return got;
            } catch (const StoreError& error) {
                inner_.reset();
                owner_.Fail(member_, name_, error);
                if (!owner_.Candidate(name_)) throw;
                if (delivered_) owner_.mixed_.insert(name_);
            }
        }
    }

private:
    void Open() {
        owner_.FromFirst(name_, [this](size_t member, Store& store) {
            inner_ = store.Get(name_, range_);
            member_ = member;
        });
        owner_.last_name_ = name_;
        owner_.last_member_ = member_;
    }

    FallbackStore& owner_;
    std::string name_;
    ByteRange range_; // what is still to come
    size_t member_ = 0;
    std::unique_ptr<Source> inner_;
    bool delivered_ = false;
};

FallbackStore::FallbackStore(std::vector<Member> members, Say say)
    : members_(std::move(members)), say_(std::move(say)), order_(members_.size()) {
    std::iota(order_.begin(), order_.end(), size_t{0});
}

void FallbackStore::Prefer(size_t index) {
    const auto found = std::find(order_.begin(), order_.end(), index);
    std::rotate(order_.begin(), found, found + 1);
}

std::string FallbackStore::Describe(const PassedOver& passed) const {
    const std::string& label = members_[passed.member].label;
    if (passed.object.empty()) return label + " is passed over: " + passed.reason;
    return passed.object + " is read from another copy than that in " + label + ": " +
           passed.reason;
}

std::optional<size_t> FallbackStore::Candidate(std::string_view name) const {
    const auto dropped = dropped_.find(name);
    for (const size_t member : order_) {
        if (away_.contains(member)) continue;
        if (dropped == dropped_.end() || !dropped->second.contains(member)) return member;
    }
    return std::nullopt;
}

void FallbackStore::Drop(size_t member, std::string_view name) {
    const auto found = dropped_.find(name);
    (found != dropped_.end() ? found->second : dropped_[std::string(name)]).insert(member);
}

void FallbackStore::Fail(size_t member, std::string_view name, const StoreError& error) {
    if (SaysStoreIsAway(error)) {
        if (!away_.emplace(member, error).second) return;
        Tell({member, {}, false, Words(error)});
        return;
    }
    Drop(member, name);
    if (error.fault() != StoreFault::kNotFound)
        Tell({member, std::string(name), false, Words(error)});
}

// An object that no store has is simply absent, though another may be away: names that need not
// exist are asked for. (They may exist later: no store is dropped for what all lack.) What a store
// said of the object itself comes before both.
void FallbackStore::FromFirst(std::string_view name,
                              const std::function<void(size_t, Store&)>& ask) {
    std::optional<StoreError> failure;
    const auto keep = [&](const StoreError& error) {
        if (!failure || Weight(error) > Weight(*failure)) failure = error;
    };
    std::vector<size_t> lacking;
    const auto dropped = dropped_.find(name);
    for (const size_t member : order_) {
        if (const auto gone = away_.find(member); gone != away_.end()) {
            keep(gone->second);
            continue;
        }
        if (dropped != dropped_.end() && dropped->second.contains(member)) continue;
        try {
            ask(member, *members_[member].store);
        } catch (const StoreError& error) {
            if (error.fault() == StoreFault::kNotFound) {
                lacking.push_back(member);
            } else {
                Fail(member, name, error);
            }
            keep(error);
            continue;
        }
        for (const size_t poor : lacking) {
            Drop(poor, name);
            Tell({poor, std::string(name), true, "the object is missing"});
        }
        return;
    }
    if (failure) throw StoreError(*failure);
    throw StoreError(StoreFault::kPermanent, Errc::StoreRefused,
                     "no store can give object \"" + Printable(name) + "\"");
}

std::unique_ptr<Source> FallbackStore::Get(std::string_view name, ByteRange range) {
    return std::make_unique<Stream>(*this, name, range);
}

StoreObject FallbackStore::Stat(std::string_view name) {
    StoreObject found;
    FromFirst(name, [&](size_t /*member*/, Store& store) { found = store.Stat(name); });
    return found;
}

// What any of them lists. At least one must answer.
void FallbackStore::List(std::string_view prefix,
                         const std::function<void(const StoreObject&)>& visit) {
    std::map<std::string, StoreObject> all;
    std::optional<StoreError> failure;
    bool answered = false;
    for (const size_t member : order_) {
        if (const auto gone = away_.find(member); gone != away_.end()) {
            if (!failure) failure = gone->second;
            continue;
        }
        try {
            members_[member].store->List(
                prefix, [&](const StoreObject& object) { all.emplace(object.name, object); });
            answered = true;
        } catch (const StoreError& error) {
            if (!failure) failure = error;
            if (SaysStoreIsAway(error)) Fail(member, prefix, error);
        }
    }
    if (!answered && failure) throw StoreError(*failure);
    for (const auto& [name, object] : all) visit(object);
}

StoreProperties FallbackStore::Properties() { return members_[order_.front()].store->Properties(); }

std::unique_ptr<Sink> FallbackStore::Create(std::string_view /*name*/) { ThrowReadOnly(); }

void FallbackStore::Remove(std::string_view /*name*/) { ThrowReadOnly(); }

bool FallbackStore::Distrust(std::string_view name, const Error& reason) {
    // Nobody knows whose bytes were wrong: what comes of one store alone tells.
    if (const auto mixed = mixed_.find(name); mixed != mixed_.end()) {
        mixed_.erase(mixed);
        return Candidate(name).has_value();
    }
    const std::optional<size_t> guilty =
        last_name_ == name ? std::optional(last_member_) : Candidate(name);
    if (!guilty) return false;
    Drop(*guilty, name);
    Tell({*guilty, std::string(name), true, Words(reason)});
    return Candidate(name).has_value();
}

} // namespace lifeboat
