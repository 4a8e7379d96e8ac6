// Which stores' objects a store takes as its own.
//
// An object says inside which store it was written for, and a reader refuses one that comes from
// elsewhere. A store accepts its own, those of the stores that repo.json lists, and those of each
// store that a file origins/<store id> names: copying writes it, because repo.json is written once.
#pragma once

#include "core/format/manifest.h"
#include "core/store/store.h"

namespace lifeboat {

bool AcceptsOrigin(Store& store, const Repo& repo, std::string_view origin);
// Writes origins/<origin>, unless it is accepted already.
void AcceptOrigin(Store& store, const Repo& repo, std::string_view origin);
// All that the store accepts: repo.json's and those of the folder.
std::vector<std::string> ListOrigins(Store& store, const Repo& repo);

// What the objects of this backup may come from, of all that `repo` accepts.
std::vector<std::string> OriginsOf(const Manifest& manifest, const Repo& repo);

// Adds to repo.accepted_origins what this backup's objects may come from: the store it was made
// for, and, when it reuses objects of other backups, every store that is accepted here.
void AddOriginsOf(Store& store, const Manifest& manifest, Repo& repo);

} // namespace lifeboat
