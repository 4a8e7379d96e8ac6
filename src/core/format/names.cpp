#include "core/format/names.h"

#include <algorithm>
#include <charconv>

#include "core/base/error.h"

namespace lifeboat {
namespace {

constexpr size_t kMaxStoreName = 512;
constexpr size_t kMaxSlug = 40;
constexpr std::string_view kTypeNames[] = {"full", "incremental", "differential"};

bool IsDigit(char c) noexcept { return c >= '0' && c <= '9'; }
bool IsLower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool IsLowerHex(char c) noexcept { return IsDigit(c) || (c >= 'a' && c <= 'f'); }
bool IsSlugChar(char c) noexcept { return IsDigit(c) || IsLower(c) || c == '_'; }

bool All(std::string_view text, bool (*test)(char) noexcept) noexcept {
    return std::all_of(text.begin(), text.end(), test);
}

// Cuts what stands before the last `-` off the end of `rest`, and the `-`.
std::string_view CutLast(std::string_view& rest) noexcept {
    const size_t dash = rest.rfind('-');
    if (dash == std::string_view::npos) return {};
    const std::string_view last = rest.substr(dash + 1);
    rest = rest.substr(0, dash);
    return last;
}

bool IsCompactUtc(std::string_view text) noexcept {
    return text.size() == 16 && text[8] == 'T' && text[15] == 'Z' &&
           All(text.substr(0, 8), IsDigit) && All(text.substr(9, 6), IsDigit);
}

bool IsNameComponent(std::string_view component) noexcept {
    if (component.empty() || component == "." || component == "..") return false;
    if (component == kSumsFile || component == kSignatureFile || IsBackupId(component)) return true;
    return std::all_of(component.begin(), component.end(),
                       [](char c) { return IsSlugChar(c) || c == '.' || c == '-'; });
}

} // namespace

bool IsStoreName(std::string_view name) noexcept {
    if (name.empty() || name.size() > kMaxStoreName) return false;
    while (true) {
        const size_t slash = name.find('/');
        if (!IsNameComponent(name.substr(0, slash))) return false;
        if (slash == std::string_view::npos) return true;
        name.remove_prefix(slash + 1);
    }
}

std::string_view BackupTypeName(BackupType type) noexcept {
    return kTypeNames[static_cast<size_t>(type)];
}

std::optional<BackupType> ParseBackupType(std::string_view text) noexcept {
    for (size_t i = 0; i < std::size(kTypeNames); ++i)
        if (kTypeNames[i] == text) return static_cast<BackupType>(i);
    return std::nullopt;
}

std::string MakeBackupId(std::string_view database, Instant start, BackupType type) {
    std::string id;
    for (char c : database.substr(0, kMaxSlug)) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        id += IsSlugChar(c) ? c : '_';
    }
    if (id.empty()) id = "_";
    id.append("-").append(CompactUtc(start)).append("-").append(BackupTypeName(type));
    return id.append("-").append(RandomHex(4));
}

bool IsBackupId(std::string_view id) noexcept {
    const std::string_view random = CutLast(id);
    const std::string_view type = CutLast(id);
    const std::string_view start = CutLast(id);
    return random.size() == 8 && All(random, IsLowerHex) && ParseBackupType(type) &&
           IsCompactUtc(start) && !id.empty() && id.size() <= kMaxSlug && All(id, IsSlugChar);
}

std::string_view BackupIdStart(std::string_view id) noexcept {
    CutLast(id);
    CutLast(id);
    return CutLast(id);
}

BackupType BackupIdType(std::string_view id) noexcept {
    CutLast(id);
    return ParseBackupType(CutLast(id)).value_or(BackupType::kFull);
}

std::string MakeObjectName(bool encrypted, Codec codec) {
    const std::string id = RandomHex(16);
    const std::string_view suffix = codec == Codec::kLz4 ? kLz4Suffix : kZstdSuffix;
    return "objects/" + id.substr(0, 2) + "/" + id + (encrypted ? "" : std::string(suffix));
}

bool IsClearName(std::string_view name) noexcept {
    return name.ends_with(kZstdSuffix) || name.ends_with(kLz4Suffix);
}

bool IsObjectName(std::string_view name) noexcept {
    constexpr std::string_view kPrefix = "objects/";
    if (!name.starts_with(kPrefix)) return false;
    name.remove_prefix(kPrefix.size());
    if (IsClearName(name)) name.remove_suffix(kZstdSuffix.size());
    return name.size() == 35 && name[2] == '/' && All(name.substr(3), IsLowerHex) &&
           name.substr(0, 2) == name.substr(3, 2);
}

std::string_view ObjectIdOf(std::string_view object_name) noexcept {
    return object_name.substr(11, 32);
}

bool IsStoreId(std::string_view id) noexcept { return id.size() == 32 && All(id, IsLowerHex); }

std::string OriginName(std::string_view store_id) {
    return std::string(kOriginsFolder) + "/" + std::string(store_id);
}

std::optional<std::string> ParseOriginName(std::string_view name) {
    if (!name.starts_with(kOriginsFolder)) return std::nullopt;
    name.remove_prefix(kOriginsFolder.size());
    if (!name.starts_with('/') || !IsStoreId(name.substr(1))) return std::nullopt;
    return std::string(name.substr(1));
}

std::string KeyFileName(const KeyId& id, int number, std::string_view extension) {
    return "keys/" + ToHex(id) + "." + std::to_string(number) + "." + std::string(extension);
}

std::optional<KeyFile> ParseKeyFileName(std::string_view name) {
    constexpr std::string_view kPrefix = "keys/";
    constexpr size_t kIdLength = 32;
    if (!name.starts_with(kPrefix)) return std::nullopt;
    name.remove_prefix(kPrefix.size());
    if (name.size() < kIdLength + 2 || !All(name.substr(0, kIdLength), IsLowerHex) ||
        name[kIdLength] != '.')
        return std::nullopt;
    KeyFile file{};
    const Buffer id = *FromHex(name.substr(0, kIdLength));
    std::copy(id.begin(), id.end(), file.id.begin());
    name.remove_prefix(kIdLength + 1);
    const size_t dot = name.find('.');
    if (dot == std::string_view::npos || dot == 0 || dot > 9 || name[0] == '0' ||
        !All(name.substr(0, dot), IsDigit))
        return std::nullopt;
    std::from_chars(name.data(), name.data() + dot, file.number);
    file.extension = name.substr(dot + 1);
    if (file.extension != "cms" && file.extension != "srv") return std::nullopt;
    return file;
}

std::string BackupFile(std::string_view backup_id, std::string_view file) {
    return "backups/" + std::string(backup_id) + "/" + std::string(file);
}

std::string TocName(std::string_view backup_id, bool encrypted) {
    return BackupFile(backup_id, kTocFile) + (encrypted ? "" : std::string(kZstdSuffix));
}

} // namespace lifeboat
