#include "core/format/object.h"

#include "core/format/json.h"
#include "core/format/names.h"
#include "core/format/page_index.h"

namespace lifeboat {
namespace {

constexpr std::string_view kKindNames[] = {"globals",    "database", "schema",    "post",
                                           "data",       "config",   "sequences", "large_objects",
                                           "statistics", "toc"};
constexpr std::string_view kWhat = "identity frame";

// A toc has a place of its own and no object id; its identity says so.
bool IsIdentityObjectId(std::string_view id) noexcept {
    std::array<std::byte, 16> bytes{};
    return id == "toc" || DecodeHex(id, bytes);
}

int ReadWindow(const JsonObject& object) {
    const uint32_t bits = object.Number32("window");
    if (bits > kLongWindowLog)
        object.Refuse("window", "is more than " + std::to_string(kLongWindowLog) + " bits");
    return static_cast<int>(bits);
}

} // namespace

std::string_view ObjectKindName(ObjectKind kind) noexcept {
    return kKindNames[static_cast<size_t>(kind)];
}

std::optional<ObjectKind> ParseObjectKind(std::string_view text) noexcept {
    for (size_t i = 0; i < std::size(kKindNames); ++i)
        if (kKindNames[i] == text) return static_cast<ObjectKind>(i);
    return std::nullopt;
}

std::string IdentityJson(const Identity& identity) {
    OrderedJson json;
    json["format"] = kFormat;
    json["store_id"] = identity.store_id;
    json["object_id"] = identity.object_id;
    json["backup_id"] = identity.backup_id;
    json["kind"] = ObjectKindName(identity.kind);
    json["codec"] = CodecName(identity.codec);
    if (identity.window_log != kWindowLog) json["window"] = identity.window_log;
    json["relation"] = identity.relation;
    if (identity.blocks) json["blocks"] = {identity.blocks->first, identity.blocks->end};
    json["part"] = identity.part;
    json["snapshot"] = identity.snapshot;
    json["lsn"] = identity.lsn;
    return FormatJson(json);
}

Identity ParseIdentity(std::string_view text) {
    const Json json = ParseJson(text, kWhat, kMaxIdentityBytes);
    const JsonObject object(json, kWhat);
    // The manifest has been read, so its format is known: an object of another one is out of place.
    if (object.Text("format") != kFormat)
        object.Refuse("format", "is not \"" + std::string(kFormat) + "\"");
    Identity identity;
    identity.store_id = object.Text("store_id");
    identity.object_id = object.Text("object_id");
    if (!IsIdentityObjectId(identity.object_id)) object.Refuse("object_id", "is not an object id");
    identity.backup_id = object.Text("backup_id");
    if (!IsBackupId(identity.backup_id)) object.Refuse("backup_id", "is not a backup id");
    const auto kind = ParseObjectKind(object.Text("kind"));
    if (!kind) object.Refuse("kind", "is not known");
    identity.kind = *kind;
    const auto codec = ParseCodec(object.Text("codec"));
    if (!codec) object.Refuse("codec", "is not known");
    identity.codec = *codec;
    if (object.Has("window")) identity.window_log = ReadWindow(object);
    identity.relation = object.Number32("relation");
    if (object.Has("blocks")) identity.blocks = ReadBlockRange(object, "blocks");
    identity.part = object.Number32("part");
    identity.snapshot = object.Text("snapshot");
    identity.lsn = object.Text("lsn");
    return identity;
}

BlockRange ReadBlockRange(const JsonObject& object, std::string_view key) {
    const Json& pair = object.Array(key);
    const auto is_block = [](const Json& value) {
        return value.is_number_unsigned() && value.get<uint64_t>() <= UINT32_MAX;
    };
    if (pair.size() != 2 || !is_block(pair[0]) || !is_block(pair[1]) || pair[0] > pair[1])
        object.Refuse(key, "is not a range [first, end)");
    return {pair[0].get<uint32_t>(), pair[1].get<uint32_t>()};
}

} // namespace lifeboat
