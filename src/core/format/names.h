// Names in a store, and backup ids. Everything is lower-case ASCII; a reader refuses what does not
// match (docs/design/format.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/compress/compression.h"
#include "core/crypto/key.h"

namespace lifeboat {

inline constexpr std::string_view kRepoName = "repo.json";

// [a-z0-9_.-] components joined by '/', no empty, "." or ".." component, at most 512 bytes; backup
// ids keep their upper-case T and Z.
bool IsStoreName(std::string_view name) noexcept;

enum class BackupType { kFull, kIncremental, kDifferential };
std::string_view BackupTypeName(BackupType type) noexcept;
std::optional<BackupType> ParseBackupType(std::string_view text) noexcept;

// <slug>-<UTC start>-<type>-<8 hex random>; slug from the database name.
std::string MakeBackupId(std::string_view database, Instant start, BackupType type);
bool IsBackupId(std::string_view id) noexcept;
// The UTC start in a backup id: "20261120T021500Z". The id must be one.
std::string_view BackupIdStart(std::string_view id) noexcept;
// The type in a backup id. The id must be one.
BackupType BackupIdType(std::string_view id) noexcept;

inline constexpr std::string_view kZstdSuffix = ".zst";
inline constexpr std::string_view kLz4Suffix = ".lz4";

// objects/<xx>/<32 hex>[.zst|.lz4]
std::string MakeObjectName(bool encrypted, Codec codec = Codec::kZstd);
bool IsClearName(std::string_view name) noexcept; // says by its suffix: not encrypted
bool IsObjectName(std::string_view name) noexcept;
// The 32 hex characters in an object's name. The name must be one.
std::string_view ObjectIdOf(std::string_view object_name) noexcept;

std::string KeyFileName(const KeyId& id, int number, std::string_view extension); // "cms" or "srv"
struct KeyFile {
    KeyId id;
    int number;
    std::string extension;
};
std::optional<KeyFile> ParseKeyFileName(std::string_view name);

// origins/<store id>: objects of that store were copied here.
inline constexpr std::string_view kOriginsFolder = "origins";
std::string OriginName(std::string_view store_id);
// The store id in such a name.
std::optional<std::string> ParseOriginName(std::string_view name);
bool IsStoreId(std::string_view id) noexcept; // 32 hex

std::string BackupFile(std::string_view backup_id, std::string_view file); // backups/<id>/<file>
// backups/<id>/toc, or toc.zst when not encrypted.
std::string TocName(std::string_view backup_id, bool encrypted);
inline constexpr std::string_view kStartedFile = "started";
inline constexpr std::string_view kManifestFile = "manifest.json";
inline constexpr std::string_view kTocFile = "toc"; // "toc.zst" when not encrypted
inline constexpr std::string_view kSumsFile = "SHA256SUMS";
inline constexpr std::string_view kSignatureFile = "SHA256SUMS.sig";

} // namespace lifeboat
