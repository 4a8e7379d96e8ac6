#include <algorithm>

#include "core/base/error.h"
#include "core/format/json.h"
#include "core/format/manifest.h"

namespace lifeboat {
namespace {

constexpr uint64_t kMaxRepoBytes = 1 << 20;

std::string StoreId(const JsonObject& object, std::string_view key, const std::string& id) {
    std::array<std::byte, 16> bytes{};
    if (!DecodeHex(id, bytes))
        object.Refuse(key, "is not a store id of 32 lower-case hexadecimal characters");
    return id;
}

} // namespace

bool Repo::Accepts(std::string_view origin_store) const {
    return origin_store == store_id || std::find(accepted_origins.begin(), accepted_origins.end(),
                                                 origin_store) != accepted_origins.end();
}

std::string FormatRepo(const Repo& repo) {
    OrderedJson json;
    json["format"] = kFormat;
    json["store_id"] = repo.store_id;
    json["encryption"] = repo.encryption_required ? "required" : "none";
    json["accepted_origins"] = repo.accepted_origins;
    json["created"] = Rfc3339(repo.created);
    return FormatJson(json, 2) + "\n";
}

Repo ParseRepo(std::string_view text) {
    const Json json = ParseJson(text, kRepoName, kMaxRepoBytes);
    const JsonObject object(json, kRepoName);
    if (const std::string format = object.Text("format"); format != kFormat)
        throw Error(Errc::Unsupported,
                    "the store's format \"" + Printable(format) + "\" is not known",
                    "This version reads \"" + std::string(kFormat) + "\".",
                    "Use a newer version of pg_lifeboat.");
    Repo repo;
    repo.store_id = StoreId(object, "store_id", object.Text("store_id"));
    const std::string encryption = object.Text("encryption");
    if (encryption != "required" && encryption != "none")
        object.Refuse("encryption", "is neither \"required\" nor \"none\"");
    repo.encryption_required = encryption == "required";
    for (const std::string& origin : object.Texts("accepted_origins"))
        repo.accepted_origins.push_back(StoreId(object, "accepted_origins", origin));
    repo.created = object.When("created");
    return repo;
}

Repo ReadRepo(Store& store) {
    try {
        return ParseRepo(store.Read(kRepoName, kMaxRepoBytes));
    } catch (const StoreError& e) {
        if (e.fault() != StoreFault::kNotFound) throw;
        const StoreProperties properties = store.Properties();
        throw Error(
            Errc::StoreMissing, "there is no backup store at \"" + Printable(properties.url) + "\"",
            "It has no file repo.json.",
            properties.is_service ? "Are bucket, prefix and endpoint right?" : "Is it mounted?");
    }
}

} // namespace lifeboat
