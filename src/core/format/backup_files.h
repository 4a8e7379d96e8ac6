// What committing, listing, opening and verifying share; nobody else needs it.
#pragma once

#include "core/format/backup.h"

namespace lifeboat {

// Same objects in the same order, same kinds, rows and parts, COPY statements that name their
// relation. Throws Error(Damaged).
void CheckTocAgainstManifest(const std::vector<TocEntry>& toc, const Manifest& manifest);

// The head of a manifest in the store, read as far as needed. Throws Error(Damaged),
// Error(Unsupported), StoreError.
Manifest ReadManifestHead(Store& store, std::string_view backup_id);

} // namespace lifeboat
