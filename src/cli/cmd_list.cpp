// lifeboat list: one line per backup, newest last. Needs no key.
#include "cli/json_text.h"
#include "cli/options.h"
#include "cli/terminal.h"

namespace lifeboat::cli {
namespace {

std::string ShortTime(Instant when) {
    std::string text = Rfc3339(when).substr(0, 19);
    text[10] = ' ';
    return text;
}

class ListVerb final : public Verb {
public:
    const char* name() const override { return "list"; }
    const char* summary() const override { return "List the backups of a store, newest last"; }
    const char* examples() const override {
        return "  lifeboat list --store file:///srv/backups\n"
               "  lifeboat list --store file:///srv/backups --database app --json\n";
    }
    void Declare(Command& command) override {
        store_.Declare(command);
        command.Add("--database", database_, "NAME", "Only backups of this database");
        DeclareJson(command, json_);
    }

    int Run(Interrupt& interrupt) override {
        const auto store = store_.Open(interrupt);
        ReadRepo(*store);
        std::vector<BackupEntry> entries = ListBackups(*store, interrupt);
        std::erase_if(entries, [&](const BackupEntry& entry) {
            return !database_.empty() && entry.manifest &&
                   entry.manifest->database.name != database_;
        });
        PrintOut(json_ ? JsonText(AsJson(entries)) : AsTable(entries));
        return 0;
    }

private:
    static std::string Status(const BackupEntry& entry) {
        return entry.problem.empty() ? "available" : "damaged";
    }

    static std::string AsTable(const std::vector<BackupEntry>& entries) {
        if (entries.empty()) return "no backups\n";
        TextTable table({{"id"},
                         {"database"},
                         {"type"},
                         {"taken at (UTC)"},
                         {"size", true},
                         {"stored", true},
                         {"encrypted"},
                         {"signed"},
                         {"status"}});
        for (const auto& entry : entries) {
            const std::string status =
                entry.problem.empty() ? "available" : "damaged: " + Printable(entry.problem, 1000);
            if (!entry.manifest) {
                table.Add({entry.backup_id, "", "", "", "", "", "", "", status});
                continue;
            }
            const Manifest& manifest = *entry.manifest;
            table.Add({entry.backup_id, Printable(manifest.database.name),
                       std::string(BackupTypeName(manifest.type)), ShortTime(manifest.snapshot_at),
                       HumanBytes(manifest.totals.raw_bytes),
                       HumanBytes(manifest.totals.stored_bytes), manifest.encrypted ? "yes" : "no",
                       manifest.signer ? "yes" : "no", status});
        }
        return table.Text();
    }

    static Json AsJson(const std::vector<BackupEntry>& entries) {
        Json rows = Json::array();
        for (const auto& entry : entries) {
            Json row{{"backup_id", entry.backup_id}, {"status", Status(entry)}};
            if (!entry.problem.empty()) row["problem"] = entry.problem;
            if (entry.manifest) AddManifest(row, *entry.manifest);
            rows.push_back(std::move(row));
        }
        return rows;
    }

    static void AddManifest(Json& row, const Manifest& manifest) {
        row["database"] = manifest.database.name;
        row["type"] = BackupTypeName(manifest.type);
        row["sequence"] = manifest.sequence;
        row["taken_at"] = Rfc3339(manifest.snapshot_at);
        row["server_version"] = manifest.cluster.server_version;
        row["system_identifier"] = manifest.cluster.system_identifier;
        row["tables"] = manifest.totals.tables;
        row["rows"] = manifest.totals.rows;
        row["raw_bytes"] = manifest.totals.raw_bytes;
        row["stored_bytes"] = manifest.totals.stored_bytes;
        row["total_stored_bytes"] = manifest.totals.total_stored_bytes;
        row["encrypted"] = manifest.encrypted;
        row["signed"] = manifest.signer.has_value();
    }

    StoreArguments store_;
    std::string database_;
    bool json_ = false;
};

} // namespace

std::unique_ptr<Verb> MakeList() { return std::make_unique<ListVerb>(); }

} // namespace lifeboat::cli
