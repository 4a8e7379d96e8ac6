#include "core/format/origins.h"

#include <algorithm>

#include "core/format/json.h"

namespace lifeboat {
namespace {

void Add(std::vector<std::string>& origins, std::string origin) {
    if (std::find(origins.begin(), origins.end(), origin) == origins.end())
        origins.push_back(std::move(origin));
}

bool ReusesObjects(const Manifest& manifest) {
    return std::any_of(
        manifest.objects.begin(), manifest.objects.end(),
        [&](const ObjectRecord& record) { return record.origin != manifest.backup_id; });
}

} // namespace

bool AcceptsOrigin(Store& store, const Repo& repo, std::string_view origin) {
    return repo.Accepts(origin) || (IsStoreId(origin) && store.Exists(OriginName(origin)));
}

void AcceptOrigin(Store& store, const Repo& repo, std::string_view origin) {
    if (AcceptsOrigin(store, repo, origin)) return;
    OrderedJson json;
    json["format"] = kFormat;
    json["store_id"] = origin;
    json["at"] = Rfc3339(Now());
    try {
        store.Put(OriginName(origin), AsBytes(FormatJson(json, 2) + "\n"));
    } catch (const StoreError& error) { // somebody else was faster
        if (error.fault() != StoreFault::kExists) throw;
    }
}

std::vector<std::string> ListOrigins(Store& store, const Repo& repo) {
    std::vector<std::string> origins = repo.accepted_origins;
    store.List(kOriginsFolder, [&](const StoreObject& object) {
        if (auto origin = ParseOriginName(object.name)) Add(origins, std::move(*origin));
    });
    return origins;
}

std::vector<std::string> OriginsOf(const Manifest& manifest, const Repo& repo) {
    std::vector<std::string> origins = {manifest.store_id};
    if (!ReusesObjects(manifest)) return origins;
    Add(origins, repo.store_id);
    for (const std::string& origin : repo.accepted_origins) Add(origins, origin);
    return origins;
}

void AddOriginsOf(Store& store, const Manifest& manifest, Repo& repo) {
    if (!repo.Accepts(manifest.store_id) && AcceptsOrigin(store, repo, manifest.store_id))
        repo.accepted_origins.push_back(manifest.store_id);
    if (ReusesObjects(manifest)) repo.accepted_origins = ListOrigins(store, repo);
}

} // namespace lifeboat
