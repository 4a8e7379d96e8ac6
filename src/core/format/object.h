// What is known of one stored object: its record in the manifest, and the identity it carries
// inside.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/compress/compression.h"
#include "core/crypto/key.h"
#include "core/crypto/sha256.h"

namespace lifeboat {

class JsonObject;

inline constexpr std::string_view kFormat = "pg_lifeboat/1";

enum class ObjectKind {
    kGlobals,
    kDatabase,
    kSchema, // also `post`: the same archive
    kPost,
    kData,
    kConfig,
    kSequences,
    kLargeObjects,
    kStatistics,
    kToc,
};
std::string_view ObjectKindName(ObjectKind kind) noexcept; // "globals", "data", "large_objects", …
std::optional<ObjectKind> ParseObjectKind(std::string_view text) noexcept;

// Heap blocks [first, end).
struct BlockRange {
    uint32_t first = 0;
    uint32_t end = 0;
    bool operator==(const BlockRange&) const = default;
};
// The member `key` of identity or record: [first, end].
BlockRange ReadBlockRange(const JsonObject& object, std::string_view key);

// Inside the object, in its first frame, under the authentication tag. Readers compare it with the
// manifest.
struct Identity {
    std::string store_id;  // origin store
    std::string object_id; // 32 hex; "toc" for a toc
    std::string backup_id; // origin backup
    ObjectKind kind = ObjectKind::kData;
    Codec codec = Codec::kZstd;
    int window_log = kWindowLog; // of its frames, at most
    uint32_t relation = 0;       // oid, 0 if none
    std::optional<BlockRange>
        blocks; // as planned; the record's range may end earlier, when the object grew too large
    uint32_t part = 1;    // from 1; the manifest knows of how many
    std::string snapshot; // "xmin:xmax"
    std::string lsn;      // "0/15872D8"
    bool operator==(const Identity&) const = default;
};
std::string IdentityJson(const Identity& identity);
// Throws Error(Damaged).
Identity ParseIdentity(std::string_view json);

// In the manifest.
struct ObjectRecord {
    std::string name; // store-relative
    ObjectKind kind = ObjectKind::kData;
    uint64_t stored_bytes = 0;
    uint64_t raw_bytes = 0; // uncompressed content, frames' text only
    uint64_t rows = 0;
    Sha256Digest sha256{};
    std::string origin; // backup id
    std::optional<KeyId> key_id;
    uint32_t relation = 0;
    std::optional<BlockRange> blocks;
    uint32_t part = 1;
    uint32_t parts = 1;
    bool operator==(const ObjectRecord&) const = default;
};

} // namespace lifeboat
