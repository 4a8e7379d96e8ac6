#include "cli/restore/run_sql.h"

#include <algorithm>

#include "cli/terminal.h"

namespace lifeboat::cli {
namespace {

// A batch is one implicit transaction. Large objects with an owner or a comment take a lock each:
// few statements per batch.
constexpr size_t kBatchBytes = 1U << 20;
constexpr size_t kBatchStatements = 200;
constexpr uint64_t kMaxGlobalsBytes = 256U << 20;

class Batch {
public:
    explicit Batch(Connection& connection) : connection_(connection) {}
    void Add(const std::string& statement) {
        text_.append(statement).append(";\n");
        if (++statements_ >= kBatchStatements || text_.size() >= kBatchBytes) Flush();
    }
    void Flush() {
        if (statements_ > 0) connection_.Exec(text_);
        text_.clear();
        statements_ = 0;
    }

private:
    Connection& connection_;
    std::string text_;
    size_t statements_ = 0;
};

// The identifier at the head of `text` as it stands there, for comparing.
std::string_view FirstIdentifier(std::string_view text) {
    if (!text.starts_with('"')) return text.substr(0, text.find_first_of(" ;\n"));
    size_t at = 1;
    while (at < text.size() && (text[at] != '"' || text.substr(at, 2) == "\"\""))
        at += text[at] == '"' ? 2 : 1;
    return text.substr(0, at + 1);
}

} // namespace

void RunSql(const std::string& what, Connection& connection,
            const std::function<void(AnonymousFile&)>& read,
            const std::function<bool(const std::string&)>& wanted) {
    Batch batch(connection);
    SqlSplitter splitter(what, [&](std::string& statement) {
        if (!wanted || wanted(statement)) batch.Add(statement);
    });
    AnonymousFile checked; // batches are committed one by one: they cannot be taken back
    read(checked);
    NeverInterrupted never; // every statement that is sent looks for interrupts
    checked.CopyTo(splitter, never);
    splitter.Finish();
    batch.Flush();
}

void RunGlobals(Session& session, Connection& connection) {
    const TocEntry* entry = session.Find(ObjectKind::kGlobals);
    if (entry == nullptr) {
        throw Error(Errc::NotFound, "backup " + session.manifest().backup_id + " has no globals",
                    {}, "Leave out --with-globals and create the roles by hand.");
    }
    std::vector<std::string> there;
    for (const auto& statement :
         SplitSql(session.ReadText(*entry, kMaxGlobalsBytes), "the backup's globals")) {
        const bool creates = BeginsWithWords(statement, "CREATE ROLE");
        const bool alters = BeginsWithWords(statement, "ALTER ROLE");
        const std::string role(
            creates || alters
                ? FirstIdentifier(std::string_view(statement).substr(creates ? 12 : 11))
                : "");
        if (alters && std::ranges::find(there, role) != there.end()) continue;
        try {
            connection.Exec(statement);
        } catch (const TargetError& error) {
            if (creates && error.state() == "42710") {
                there.push_back(role);
                PrintNote("role " + Printable(role) + " is there already and stays as it is");
                continue;
            }
            PrintWarning("globals: " + Printable(error.message(), 1000));
        }
    }
}

} // namespace lifeboat::cli
