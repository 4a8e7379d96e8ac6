// The table of contents of pg_dump's archive, as it lies in a backup that anybody may have written:
// it is read or refused, and a choice from what was read has no entry that is not in it.
#include <algorithm>
#include <cstdlib>

#include "core/base/error.h"
#include "core/plan/archive.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace lifeboat;
    try {
        const std::vector<ArchiveEntry> entries =
            ParseArchiveToc({reinterpret_cast<const std::byte*>(data), size});
        std::set<QualifiedName> tables;
        for (const ArchiveEntry& entry : entries)
            if (entry.description == "TABLE" && tables.size() < 2)
                tables.emplace(entry.schema, entry.tag);
        const ArchiveChoice choice = ChooseFromArchive(entries, tables);
        for (const int id : choice.dump_ids) {
            const auto has = [id](const ArchiveEntry& entry) { return entry.dump_id == id; };
            if (std::none_of(entries.begin(), entries.end(), has)) std::abort();
        }
        ArchiveList(entries, choice);
    } catch (const Error& error) {
        if (error.code() != Errc::Damaged && error.code() != Errc::Unsupported) std::abort();
    }
    return 0;
}
