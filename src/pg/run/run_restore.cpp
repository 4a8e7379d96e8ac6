// A run that restores: the child `lifeboat restore`, logged in as the caller, supervised and
// recorded.
#include <cstdlib>

#include "core/crypto/key.h"
#include "core/format/json.h"
#include "core/io/child_process.h"
#include "core/store/azure_credentials.h"
#include "core/store/s3_credentials.h"
#include "pg/catalog/rights.h"
#include "pg/catalog/stored_backup.h"
#include "pg/run/role_login.h"
#include "pg/run/run_context.h"
#include "pg/run/run_interrupt.h"
#include "pg/settings.h"

extern "C" {
#include <commands/dbcommands.h>
#include <utils/timestamp.h>
}

namespace lifeboat::pg {
namespace {

constexpr int kRecordMs = 3000;
constexpr uint64_t kMaxLineBytes = 64 << 10;

// Lines of JSON from the child, into shared memory and, now and then, into the row.
class ProgressSink final : public Sink {
public:
    explicit ProgressSink(RunContext& run) : run_(run) {}
    void Write(Bytes bytes) override {
        pending_ += AsText(bytes);
        for (size_t end = pending_.find('\n'); end != std::string::npos;
             end = pending_.find('\n')) {
            Take(pending_.substr(0, end));
            pending_.erase(0, end + 1);
        }
    }
    void Finish() override { Record(); }

private:
    void Take(const std::string& line) {
        Json json;
        try {
            json = ParseJson(line, "progress", kMaxLineBytes);
        } catch (const Error&) {
            return; // not for us
        }
        if (!json.is_object()) return;
        const std::string phase = json.value("phase", "");
        RunShared* shared = run_.shared();
        pg_atomic_write_u64(&shared->bytes_done, json.value("bytes_done", uint64_t{0}));
        pg_atomic_write_u64(&shared->bytes_total, json.value("bytes_total", uint64_t{0}));
        pg_atomic_write_u64(&shared->rows_done, json.value("rows", uint64_t{0}));
        const std::string relation = json.value("relation", "");
        SpinLockAcquire(&shared->lock);
        strlcpy(shared->relation, relation.c_str(), sizeof(shared->relation));
        SpinLockRelease(&shared->lock);
        const bool changed = phase != phase_ && phase != "done";
        if (changed) phase_ = phase;
        if (changed) ShowPhase();
        if (changed || TimestampDifferenceExceeds(recorded_, GetCurrentTimestamp(), kRecordMs))
            Record();
    }

    void ShowPhase() {
        RunShared* shared = run_.shared();
        const bool loads = phase_ == "data";
        pg_atomic_write_u32(&shared->workers,
                            loads ? static_cast<uint32_t>(std::max(run_.request.jobs, 1)) : 0);
        if (const auto phase = ParseRunPhase(phase_)) SetRunPhase(shared, *phase);
        if (loads) SetDataStart(shared);
    }

    void Record() {
        recorded_ = GetCurrentTimestamp();
        const RunShared* shared = run_.shared();
        const auto number = [](const pg_atomic_uint64& value) {
            return Value(std::to_string(pg_atomic_read_u64(const_cast<pg_atomic_uint64*>(&value))));
        };
        SqlTransaction transaction;
        Execute(run_.home.Sql("UPDATE @.backup_restores SET phase = $2, rows_done = $3::bigint, "
                              "bytes_done = $4::bigint, bytes_total = $5::bigint WHERE id = "
                              "$1::bigint"),
                {std::to_string(run_.id), NullIfEmpty(phase_), number(shared->rows_done),
                 number(shared->bytes_done), number(shared->bytes_total)});
        transaction.Commit();
    }

    RunContext& run_;
    std::string pending_;
    std::string phase_;
    TimestampTz recorded_ = 0;
};

struct Preparation {
    ReadableBackup backup;
    std::optional<Key> secret;
    std::string role;
    std::string database; // to connect to first
};

// The server secret that opens the backup's run key. nullopt for a clear backup.
std::optional<Key> SecretFor(const Home& home, Preparation& prepared, Interrupt& interrupt) {
    const std::vector<KeyId>& key_ids = prepared.backup.opened.manifest.key_ids;
    if (key_ids.empty()) return std::nullopt;
    const Value& key_name = prepared.backup.point.key;
    std::optional<Error> failure;
    for (const KeyRecord& key : LoadKeys(home)) {
        if (!key.secret || (key_name && *key_name != key.name)) continue;
        // Another key's secret may be out of reach: the first reason is told if none fits.
        try {
            RequireKeyUse(key);
            Key secret = ReadServerSecret(*key.secret, interrupt);
            Keyring ring(*prepared.backup.stores);
            ring.AddServerSecret(secret);
            (void)ring.Find(key_ids.front());
            return secret;
        } catch (const ServerError&) {
            throw;
        } catch (const Error& error) {
            if (!failure) failure = error;
        }
    }
    if (failure) throw *failure;
    throw Error(Errc::KeyMissing,
                "this server cannot read backup " + prepared.backup.point.backup_id,
                "Its key has no server secret: certificates alone make a write-only server.",
                "Restore it where the recovery key is: lifeboat restore " +
                    prepared.backup.point.backup_id + " --store " +
                    prepared.backup.records.front().url + " --recovery-key FILE …");
}

Preparation Prepare(RunContext& run) {
    Preparation prepared;
    SqlTransaction transaction;
    const Oid role = run.request.acting_role;
    RequireLogin(role);
    const RestorePoint point = FindRestorePoint(run.home, run.request.backup_id);
    RequireBackupRights(role, point);
    CopyChoice choice;
    choice.allowed = [role](const StoreRecord& record) { RequireRestoreRights(role, record); };
    choice.say = [&run](const std::string& text) { run.notes.push_back(text); };
    prepared.backup = OpenCopies(run.home, point, choice, *run.stop);
    if (!MayRun(prepared.backup.point, prepared.backup.opened)) {
        throw Error(Errc::Untrusted,
                    "backup " + point.backup_id + " is not signed by a trusted signer",
                    "It was imported, and its SQL is somebody's code.",
                    "If you know who made it: lifeboat restore " + point.backup_id +
                        " --allow-untrusted …");
    }
    prepared.secret = SecretFor(run.home, prepared, *run.stop);
    prepared.role = RoleName(role);
    prepared.database = Pg([] { return get_database_name(MyDatabaseId); });
    Execute(run.home.Sql("UPDATE @.backup_restores SET status = 'running', started_at = "
                         "clock_timestamp(), store = $2 WHERE id = $1::bigint"),
            {std::to_string(run.id), prepared.backup.point.store});
    AddEvent(run.home, prepared.role, "restore.start", point.backup_id,
             {{"restore", std::to_string(run.id)}, {"target", run.request.target_database}});
    transaction.Commit();
    return prepared;
}

// Options of the first store, and the others with theirs.
void AddStores(std::vector<std::string>& arguments, const std::vector<StoreRecord>& records) {
    for (size_t i = 0; i < records.size(); ++i) {
        if (i > 0) arguments.insert(arguments.end(), {"--copy", records[i].url});
        const std::string number = i > 0 ? std::to_string(i) + "." : "";
        for (const auto& [name, value] : records[i].options) {
            arguments.emplace_back(i > 0 ? "--copy-option" : "--option");
            arguments.push_back(number + name + "=" + value);
        }
    }
}

std::vector<std::string> Arguments(const RunContext& run, const Preparation& prepared) {
    std::vector<std::string> arguments = {"restore",
                                          prepared.backup.point.backup_id,
                                          "--store",
                                          prepared.backup.records.front().url,
                                          "--target-database=" + run.request.target_database,
                                          "--bin-directory",
                                          BinDirectory(),
                                          "--progress-json"};
    AddStores(arguments, prepared.backup.records);
    for (const std::string& table : run.request.tables) arguments.push_back("--table=" + table);
    if (run.request.jobs > 0) {
        arguments.push_back("--jobs");
        arguments.push_back(std::to_string(run.request.jobs));
    }
    if (prepared.secret) {
        arguments.push_back("--secret");
        arguments.push_back("fd:0");
    }
    // What was judged here is what is restored there.
    arguments.push_back("--sums");
    arguments.push_back(HexId(prepared.backup.opened.sums_digest));
    return arguments;
}

// What the child needs to open the stores: the session's role, and where keys come from.
std::vector<std::string> Environment(const Preparation& prepared) {
    std::vector<std::string> environment = RoleEnvironment(prepared.role, prepared.database);
    const auto& records = prepared.backup.records;
    if (std::all_of(records.begin(), records.end(), [](const StoreRecord& record) {
            return ParseLocation(record.url).IsDirectory();
        }))
        return environment;
    const auto pass_on = [&environment](const auto& names) {
        for (const char* name : names) {
            if (const char* value = std::getenv(name))
                environment.push_back(std::string(name) + "=" + value);
        }
    };
    pass_on(kS3Environment);
    pass_on(kAzureEnvironment);
    return environment;
}

// The child advises what to type on a command line; whoever called backup_restore types SQL.
std::string HintInSql(const RunContext& run, const std::string& hint) {
    const std::string id = QuoteLiteral(run.request.backup_id);
    if (hint.starts_with("Type \"lifeboat plan\"")) {
        return "SELECT step, action, object, detail FROM backup_restore_plan(" + id + ", " +
               QuoteLiteral(run.request.target_database) + ") WHERE status = 'blocked';";
    }
    if (hint.starts_with("Type \"lifeboat show ")) {
        return "SELECT schema, relation FROM backup_relations WHERE backup_id = " + id + ";";
    }
    return hint;
}

// What the child said last, as an error of ours.
Error ChildError(const RunContext& run, const ChildProcess& child, const ChildExit& exit) {
    const std::string& text = child.stderr_text();
    const auto part = [&text](std::string_view label) -> std::string {
        const size_t at = text.rfind(label);
        if (at == std::string::npos || (at > 0 && text[at - 1] != '\n')) return "";
        const size_t start = at + label.size();
        return text.substr(start, text.find('\n', start) - start);
    };
    const std::string message = part("lifeboat: error: ");
    if (message.empty()) {
        return Error(Errc::ChildFailed, "lifeboat restore ended with " + exit.Describe(), text);
    }
    static constexpr Errc kCodes[] = {
        Errc::InvalidValue, Errc::Damaged,     Errc::NotFound,  Errc::StoreUnreachable,
        Errc::KeyMissing,   Errc::WrongState,  Errc::Cancelled, Errc::LimitExceeded,
        Errc::Unsupported,  Errc::ChildFailed,
    };
    Errc code = Errc::ChildFailed;
    for (const Errc candidate : kCodes) {
        if (ErrcExitCode(candidate) == exit.code) code = candidate;
    }
    return Error(code, message, part("detail: "), HintInSql(run, part("hint: ")));
}

void Record(RunContext& run, const Preparation& prepared) {
    SqlTransaction transaction;
    Execute(
        run.home.Sql("UPDATE @.backup_restores SET status = 'succeeded', finished_at = "
                     "clock_timestamp(), phase = NULL, notes = notes || $2::text[], pid = NULL, "
                     "handle = NULL WHERE id = $1::bigint"),
        {std::to_string(run.id), ArrayLiteral(run.notes)});
    AddEvent(run.home, prepared.role, "restore.succeeded", prepared.backup.point.backup_id,
             {{"restore", std::to_string(run.id)}, {"target", run.request.target_database}});
    transaction.Commit();
}

// The child's warnings and notes belong to the restore's row, which says itself that it is
// restored.
void KeepNotes(RunContext& run, std::string_view text) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        for (const std::string_view label : {"lifeboat: warning: ", "lifeboat: note: "}) {
            const bool fits =
                line.starts_with(label) && !line.starts_with("lifeboat: note: restored ");
            if (fits) run.notes.emplace_back(line.substr(label.size()));
        }
    }
}

} // namespace

void RunRestore(RunContext& run) {
    Preparation prepared = Prepare(run);
    SetRunState(run.shared(), RunState::kRunning);
    if (const auto refused = TryLogin(prepared.role, prepared.database, *run.stop)) throw *refused;
    ChildSpec spec;
    spec.program = BinDirectory() + "/lifeboat";
    spec.arguments = Arguments(run, prepared);
    spec.environment = Environment(prepared);
    spec.pipe_stdin = prepared.secret.has_value();
    ChildProcess child(spec);
    if (prepared.secret) {
        const WipedString hex(prepared.secret->Hex() + "\n");
        child.WriteStdin(AsBytes(hex.text()), *run.stop);
        child.CloseStdin();
    }
    ProgressSink progress(run);
    // The child's sessions are clients: a smart shutdown waits for them, unless we look ourselves.
    ChildInterrupt unattended(*run.stop);
    Interrupt& interrupt = run.request.wait ? static_cast<Interrupt&>(*run.stop) : unattended;
    const ChildExit exit = child.Run(progress, interrupt);
    KeepNotes(run, child.stderr_text());
    if (!exit.ok()) throw ChildError(run, child, exit);
    progress.Finish();
    Record(run, prepared);
}

} // namespace lifeboat::pg
