// Several stores that hold the same backup, as one to read from.
//
// Each object comes from the first store that has it and answers; a store that is away is asked no
// more, one that cannot give an object is passed over for that object only, also in the middle of
// it. What comes may therefore be of two stores: whoever reads checks size and hash, as of any
// store, and says Distrust() when they do not fit. Writing is refused.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/store/store.h"

namespace lifeboat {

// Why a store was passed over.
struct PassedOver {
    size_t member = 0;
    std::string object;      // empty: the whole store
    bool damaged = false;    // its bytes were not what they should be
    std::string reason = {}; // in the words of the error
};

class FallbackStore final : public Store {
public:
    struct Member {
        std::string label; // for people: a URL, a name
        std::unique_ptr<Store> store;
    };
    using Say = std::function<void(const FallbackStore& stores, const PassedOver& passed)>;
    // `say` is told of each once (of an object that is missing: only when another store has it).
    FallbackStore(std::vector<Member> members, Say say);

    [[nodiscard]] size_t size() const noexcept { return members_.size(); }
    [[nodiscard]] Store& member(size_t index) noexcept { return *members_[index].store; }
    [[nodiscard]] const std::string& label(size_t index) const noexcept {
        return members_[index].label;
    }
    // Asked before all others from now on.
    void Prefer(size_t index);
    [[nodiscard]] size_t preferred() const noexcept { return order_.front(); }
    // As one sentence: "store A: object B is missing; reading it from another copy".
    [[nodiscard]] std::string Describe(const PassedOver& passed) const;

    std::unique_ptr<Sink> Create(std::string_view name) override;
    std::unique_ptr<Source> Get(std::string_view name, ByteRange range) override;
    StoreObject Stat(std::string_view name) override;
    void List(std::string_view prefix,
              const std::function<void(const StoreObject&)>& visit) override;
    void Remove(std::string_view name) override;
    StoreProperties Properties() override;
    bool Distrust(std::string_view name, const Error& reason) override;

private:
    class Stream;
    // Asks one store after the other until `ask` does not throw StoreError.
    void FromFirst(std::string_view name, const std::function<void(size_t, Store&)>& ask);
    [[nodiscard]] std::optional<size_t> Candidate(std::string_view name) const;
    void Fail(size_t member, std::string_view name, const StoreError& error);
    void Drop(size_t member, std::string_view name);

    void Tell(const PassedOver& passed) const { say_(*this, passed); }

    std::vector<Member> members_;
    Say say_;
    std::vector<size_t> order_;
    std::map<size_t, StoreError> away_;
    std::map<std::string, std::set<size_t>, std::less<>> dropped_; // object → stores
    std::set<std::string, std::less<>> mixed_; // begun in one store, gone on with in another
    std::string last_name_;
    size_t last_member_ = 0;
};

// Reads anew as long as what was read is damaged and there is another copy of it; the error is that
// of the first. `read` must begin from the start each time.
template <class Read>
auto ReadAnyCopy(Store& store, std::string_view name, Read read) {
    std::optional<Error> first;
    for (;;) {
        try {
            return read();
        } catch (const StoreError&) {
            if (first) throw Error(*first);
            throw;
        } catch (const Error& error) {
            if (error.code() != Errc::Damaged) throw;
            if (!first) first = error;
            if (!store.Distrust(name, error)) throw Error(*first);
        }
    }
}

} // namespace lifeboat
