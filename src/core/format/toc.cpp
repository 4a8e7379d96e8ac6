#include "core/format/toc.h"

#include "core/base/error.h"
#include "core/copytext/escape.h"
#include "core/format/json.h"
#include "core/format/names.h"

namespace lifeboat {
namespace {

constexpr size_t kFields = 4;

std::string DetailJson(const TocDetail& detail) {
    OrderedJson json = OrderedJson::object();
    if (detail.relation != 0) json["relation"] = detail.relation;
    if (!detail.schema.empty()) PutText(json, "schema", detail.schema);
    if (!detail.name.empty()) PutText(json, "name", detail.name);
    if (detail.relation != 0) json["relkind"] = std::string(1, detail.relkind);
    json["part"] = detail.part;
    json["parts"] = detail.parts;
    json["rows"] = std::to_string(detail.rows);
    if (!detail.root_schema.empty()) PutText(json, "root_schema", detail.root_schema);
    if (!detail.root_name.empty()) PutText(json, "root_name", detail.root_name);
    if (!detail.condition.empty()) PutText(json, "condition", detail.condition);
    if (!detail.roles.empty()) PutTexts(json, "roles", detail.roles);
    if (!detail.tablespaces.empty()) PutTexts(json, "tablespaces", detail.tablespaces);
    return FormatJson(json);
}

TocDetail ParseDetail(std::string_view text, std::string_view what) {
    const Json json = ParseJson(text, what, kMaxTocLineBytes);
    const JsonObject object(json, what);
    TocDetail detail;
    if (object.Has("relation")) detail.relation = object.Number32("relation");
    detail.schema = object.OptionalText("schema");
    detail.name = object.OptionalText("name");
    if (object.Has("relkind")) {
        const std::string relkind = object.Text("relkind");
        if (relkind.size() != 1) object.Refuse("relkind", "is not one letter");
        detail.relkind = relkind[0];
    }
    detail.part = object.Number32("part");
    detail.parts = object.Number32("parts");
    if (detail.part < 1 || detail.part > detail.parts)
        object.Refuse("part", "is not one of its parts");
    detail.rows = object.Number64("rows");
    detail.root_schema = object.OptionalText("root_schema");
    detail.root_name = object.OptionalText("root_name");
    detail.condition = object.OptionalText("condition");
    detail.roles = object.Texts("roles");
    detail.tablespaces = object.Texts("tablespaces");
    return detail;
}

std::vector<std::string> SplitFields(std::string_view line, std::string_view what) {
    std::vector<std::string> fields;
    while (true) {
        const size_t tab = line.find('\t');
        auto field = UnescapeCopyText(line.substr(0, tab));
        if (!field) ThrowDamaged(what, "A field has an escape that is not known.");
        fields.push_back(std::move(*field));
        if (tab == std::string_view::npos || fields.size() > kFields) break;
        line.remove_prefix(tab + 1);
    }
    if (fields.size() != kFields)
        ThrowDamaged(what, "It has " + std::string(fields.size() < kFields ? "fewer" : "more") +
                               " than " + std::to_string(kFields) + " fields.");
    return fields;
}

// The kind of a line: anything but "toc", which is not in itself.
ObjectKind ParseLineKind(std::string_view text, std::string_view what) {
    const auto kind = ParseObjectKind(text);
    if (!kind || *kind == ObjectKind::kToc)
        throw Error(
            Errc::Unsupported,
            "the kind \"" + Printable(text) + "\" in " + std::string(what) + " is not known", {},
            "Use a newer version of pg_lifeboat.");
    return *kind;
}

void CheckStatement(const TocEntry& entry, std::string_view what) {
    if (entry.kind != ObjectKind::kData && entry.kind != ObjectKind::kConfig) {
        if (!entry.statement.empty())
            ThrowDamaged(what, "An object of kind " + std::string(ObjectKindName(entry.kind)) +
                                   " has no statement.");
        return;
    }
    try {
        ParseCopyStatement(entry.statement);
    } catch (const Error& e) {
        ThrowDamaged(what, e.detail());
    }
}

TocEntry ParseLine(std::string_view line, std::string_view what) {
    if (line.size() > kMaxTocLineBytes) ThrowDamaged(what, "It is longer than a line may be.");
    std::vector<std::string> fields = SplitFields(line, what);
    TocEntry entry;
    entry.object = std::move(fields[0]);
    if (!IsObjectName(entry.object))
        ThrowDamaged(what, "Its first field is not the name of an object.");
    entry.kind = ParseLineKind(fields[1], what);
    if (fields[2].empty()) ThrowDamaged(what, "Its statement is empty.");
    if (fields[2] != "-") entry.statement = std::move(fields[2]);
    CheckStatement(entry, what);
    entry.detail = ParseDetail(fields[3], what);
    return entry;
}

} // namespace

std::string FormatTocLine(const TocEntry& entry) {
    std::string line;
    AppendCopyText(line, entry.object);
    line += '\t';
    line += ObjectKindName(entry.kind);
    line += '\t';
    AppendCopyText(line, entry.statement.empty() ? std::string_view("-") : entry.statement);
    line += '\t';
    AppendCopyText(line, DetailJson(entry.detail));
    line += '\n';
    return line;
}

std::vector<TocEntry> ParseToc(std::string_view text) {
    std::vector<TocEntry> entries;
    while (!text.empty()) {
        const std::string what = "toc line " + std::to_string(entries.size() + 1);
        const size_t end = text.find('\n');
        if (end == std::string_view::npos) ThrowDamaged(what, "It has no end.");
        entries.push_back(ParseLine(text.substr(0, end), what));
        text.remove_prefix(end + 1);
    }
    return entries;
}

} // namespace lifeboat
