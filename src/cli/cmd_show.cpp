// lifeboat show: what a backup is; with a key also what is in it.
#include "cli/json_text.h"
#include "cli/session.h"
#include "cli/terminal.h"

namespace lifeboat::cli {
namespace {

struct RelationTotals {
    const TocEntry* entry = nullptr;
    uint64_t rows = 0;
    uint64_t raw_bytes = 0;
    uint64_t stored_bytes = 0;
    uint64_t segments = 0;
    uint64_t reused_segments = 0;
};

std::vector<RelationTotals> Relations(const Session& session) {
    std::vector<RelationTotals> relations;
    std::map<std::pair<std::string, std::string>, size_t> places;
    for (const auto& entry : session.toc()) {
        if (entry.kind != ObjectKind::kData && entry.kind != ObjectKind::kConfig) continue;
        const auto [place, added] =
            places.try_emplace({entry.detail.schema, entry.detail.name}, relations.size());
        if (added) relations.push_back({&entry});
        RelationTotals& totals = relations[place->second];
        const ObjectRecord& record = session.Record(entry);
        totals.rows += record.rows;
        totals.raw_bytes += record.raw_bytes;
        totals.stored_bytes += record.stored_bytes;
        ++totals.segments;
        if (record.origin != session.manifest().backup_id) ++totals.reused_segments;
    }
    return relations;
}

// How many objects come from which backup.
std::map<std::string, uint64_t> Origins(const Manifest& manifest) {
    std::map<std::string, uint64_t> origins;
    for (const auto& record : manifest.objects) ++origins[record.origin];
    return origins;
}

std::string YesNo(bool value) { return value ? "yes" : "no"; }

class Sheet {
public:
    void Add(std::string_view label, const std::string& value) {
        if (value.empty()) return;
        text_ += std::string(label) + std::string(18 - std::min<size_t>(17, label.size()), ' ') +
                 Printable(value, 1000) + "\n";
    }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

class ShowVerb final : public Verb {
public:
    const char* name() const override { return "show"; }
    const char* summary() const override {
        return "Show one backup: manifest, sizes, keys, and with a key its tables";
    }
    const char* examples() const override {
        return "  lifeboat show latest:app --store file:///srv/backups\n"
               "  lifeboat show latest:app --store file:///srv/backups --recovery-key "
               "keys/recovery.key --json\n";
    }
    void Declare(Command& command) override {
        backup_.Declare(command);
        store_.Declare(command);
        keys_.Declare(command);
        trust_.Declare(command);
        DeclareJson(command, json_);
    }

    int Run(Interrupt& interrupt) override {
        Session session(store_, {}, keys_, interrupt);
        const Trust trust = trust_.Lenient(session.key_given(), interrupt);
        session.Open(backup_.Resolve(session.store(), interrupt), trust);
        if (session.readable()) session.ReadContents();
        PrintOut(json_ ? AsJson(session) : AsText(session));
        return 0;
    }

private:
    static std::string AsText(const Session& session) {
        const Manifest& manifest = session.manifest();
        std::string text = Head(session).text();
        for (const auto& [origin, objects] : Origins(manifest)) {
            if (origin != manifest.backup_id)
                text +=
                    "refers to         " + origin + " (" + std::to_string(objects) + " objects)\n";
        }
        for (const auto& id : manifest.key_ids) text += "run key           " + ToHex(id) + "\n";
        for (const auto& recipient : manifest.recipients)
            text += "recipient         " + ToHex(recipient) + "\n";
        if (manifest.signer) text += "signer            " + ToHex(*manifest.signer) + "\n";
        if (!session.readable())
            return text + "\nThe tables are encrypted: give a key to see them.\n";

        TextTable table({{"table"},
                         {"kind"},
                         {"rows", true},
                         {"size", true},
                         {"stored", true},
                         {"segments", true}});
        for (const auto& relation : Relations(session)) {
            table.Add({RelationName(relation.entry->detail),
                       std::string(ObjectKindName(relation.entry->kind)),
                       GroupedNumber(relation.rows), HumanBytes(relation.raw_bytes),
                       HumanBytes(relation.stored_bytes), GroupedNumber(relation.segments)});
        }
        return text + "\n" + table.Text();
    }

    static Sheet Head(const Session& session) {
        const Manifest& manifest = session.manifest();
        const Totals& totals = manifest.totals;
        Sheet sheet;
        sheet.Add("backup", manifest.backup_id);
        sheet.Add("database", manifest.database.name);
        sheet.Add("type", std::string(BackupTypeName(manifest.type)));
        sheet.Add("taken at", Rfc3339(manifest.snapshot_at));
        sheet.Add("started", Rfc3339(manifest.started));
        sheet.Add("finished", Rfc3339(manifest.finished));
        sheet.Add("sequence", std::to_string(manifest.sequence));
        sheet.Add("previous", manifest.previous ? manifest.previous->backup_id : "");
        sheet.Add("schedule", manifest.schedule);
        sheet.Add("role", manifest.role);
        sheet.Add("server", manifest.cluster.server_version);
        sheet.Add("system identifier", manifest.cluster.system_identifier);
        sheet.Add("snapshot LSN", manifest.snapshot_lsn);
        sheet.Add("encoding", manifest.database.encoding);
        sheet.Add("locale", manifest.database.locale_provider + " " + manifest.database.collate +
                                " " + manifest.database.ctype +
                                (manifest.database.icu_locale.empty() ? "" : " ") +
                                manifest.database.icu_locale);
        for (const auto& extension : manifest.extensions)
            sheet.Add("extension", extension.name + " " + extension.version);
        sheet.Add("tables", GroupedNumber(totals.tables));
        sheet.Add("rows", GroupedNumber(totals.rows));
        sheet.Add("size", HumanBytes(totals.raw_bytes));
        sheet.Add("stored", HumanBytes(totals.stored_bytes) + " new, " +
                                HumanBytes(totals.total_stored_bytes) + " in all");
        sheet.Add("segments", GroupedNumber(totals.segments));
        sheet.Add("compression", manifest.compression.Print());
        sheet.Add("encrypted", YesNo(manifest.encrypted));
        sheet.Add("signature", session.backup().signature_checked ? "checked"
                               : manifest.signer                  ? "not checked"
                                                                  : "none");
        sheet.Add("written by", manifest.tool);
        return sheet;
    }

    static std::string AsJson(const Session& session) {
        const Manifest& manifest = session.manifest();
        Json json = Json::parse(FormatManifest(manifest));
        json["signature_checked"] = session.backup().signature_checked;
        json["origins"] = Origins(manifest);
        if (!session.readable()) return JsonText(json);
        Json relations = Json::array();
        for (const auto& relation : Relations(session)) {
            relations.push_back({{"schema", relation.entry->detail.schema},
                                 {"relation", relation.entry->detail.name},
                                 {"kind", ObjectKindName(relation.entry->kind)},
                                 {"rows", relation.rows},
                                 {"raw_bytes", relation.raw_bytes},
                                 {"stored_bytes", relation.stored_bytes},
                                 {"segments", relation.segments},
                                 {"reused_segments", relation.reused_segments}});
        }
        json["relations"] = std::move(relations);
        return JsonText(json);
    }

    BackupArguments backup_;
    StoreArguments store_;
    KeyArguments keys_;
    TrustArguments trust_;
    bool json_ = false;
};

} // namespace

std::unique_ptr<Verb> MakeShow() { return std::make_unique<ShowVerb>(); }

} // namespace lifeboat::cli
