#include "core/format/probe.h"

#include <algorithm>

#include "core/format/manifest.h"

namespace lifeboat {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kContent = "pg_lifeboat probe: may be removed\n";

class Probe {
public:
    explicit Probe(Store& store) : store_(store) {}

    // Runs one step: `work` returns the detail, an Error is the step's failure.
    template <typename Work>
    bool Step(std::string name, Work work) {
        ProbeStep step{std::move(name), true, {}, {}};
        const auto begun = Clock::now();
        try {
            step.detail = work();
        } catch (const Error& error) {
            if (error.code() == Errc::Cancelled) throw;
            step.ok = false;
            step.detail = error.message();
            if (!error.detail().empty()) step.detail += ". " + error.detail();
            if (!error.hint().empty())
                step.detail += (error.detail().empty() ? ". " : " ") + error.hint();
        }
        step.elapsed = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun);
        steps_.push_back(std::move(step));
        return steps_.back().ok;
    }

    std::string Reach() {
        (void)store_.Exists(kRepoName); // a service is only asked here
        return store_.Properties().url;
    }

    std::string Identify() {
        const Repo repo = ReadRepo(store_);
        return "store " + repo.store_id + ", encryption " +
               (repo.encryption_required ? "required" : "none");
    }

    std::string Write() {
        store_.Put(name_, AsBytes(kContent));
        return "wrote \"" + name_ + "\"";
    }

    std::string Exclusive() {
        try {
            store_.Put(name_, AsBytes("another content"));
        } catch (const StoreError& error) {
            // Who may create and not write is denied where something is.
            const bool refused =
                error.fault() == StoreFault::kExists || error.code() == Errc::StoreDenied;
            if (!refused) throw;
            return "an existing object is not overwritten";
        }
        if (store_.Properties().is_service) return OverwrittenByService();
        throw Error(Errc::StoreRefused, "an existing object was overwritten",
                    "The store must refuse to create an object whose name is taken.");
    }

    // Objects have random names, and the others are looked up before.
    std::string OverwrittenByService() {
        store_.Remove(name_);
        name_ = MakeObjectName(false);
        Write();
        return "the service ignores If-None-Match and overwrote an existing object: names that "
               "are not random are looked up before they are written";
    }

    std::string Read() {
        const std::string found = store_.Read(name_, 2 * kContent.size());
        if (found != kContent)
            throw Error(Errc::Damaged, "read back other bytes than were written");
        const uint64_t size = store_.Stat(name_).size;
        if (size != kContent.size()) {
            throw Error(Errc::Damaged, "size is " + std::to_string(size) + " bytes, expected " +
                                           std::to_string(kContent.size()));
        }
        return "read back " + std::to_string(size) + " bytes";
    }

    std::string List() {
        bool listed = false;
        store_.List(name_.substr(0, name_.rfind('/')),
                    [&](const StoreObject& object) { listed = listed || object.name == name_; });
        if (!listed) throw Error(Errc::StoreRefused, "a new object is not listed");
        return "the new object is listed";
    }

    std::string Delete() {
        store_.Remove(name_);
        if (store_.Exists(name_))
            throw Error(Errc::StoreRefused, "a removed object is still there");
        return "removed \"" + name_ + "\"";
    }

    std::string Space() {
        const auto free = store_.Properties().free_bytes;
        return free ? HumanBytes(*free) + " free" : "not known for this kind of store";
    }

    std::vector<ProbeStep> Take() { return std::move(steps_); }

private:
    Store& store_;
    std::string name_ = MakeObjectName(false); // where it counts: among the objects
    std::vector<ProbeStep> steps_;
};

} // namespace

std::vector<ProbeStep> ProbeStore(Store& store) {
    Probe probe(store);
    if (!probe.Step("reach", [&] { return probe.Reach(); })) return probe.Take();
    probe.Step("identify", [&] { return probe.Identify(); });
    if (probe.Step("write", [&] { return probe.Write(); })) {
        probe.Step("exclusive", [&] { return probe.Exclusive(); });
        probe.Step("read", [&] { return probe.Read(); });
        probe.Step("list", [&] { return probe.List(); });
        probe.Step("delete", [&] { return probe.Delete(); });
    }
    probe.Step("space", [&] { return probe.Space(); });
    return probe.Take();
}

} // namespace lifeboat
