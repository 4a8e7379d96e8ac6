#include "cli/export_script.h"

#include "cli/sql_splitter.h"

namespace lifeboat::cli {
namespace {

constexpr std::string_view kDataSettings =
    "SET statement_timeout = 0;\nSET lock_timeout = 0;\nSET idle_in_transaction_session_timeout = "
    "0;\n"
    "SET standard_conforming_strings = on;\nSET check_function_bodies = false;\nSET xmloption = "
    "content;\n"
    "SET client_min_messages = warning;\nSET row_security = off;\nSET DateStyle = ISO;\nSET "
    "IntervalStyle = postgres;\n"
    "SELECT pg_catalog.set_config('search_path', '', false);\n";

std::string QuoteText(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'') quoted.push_back('\'');
        quoted.push_back(c);
    }
    return quoted + "'";
}

void Put(Sink& out, std::string_view text) { out.Write(AsBytes(text)); }

void WriteRows(Session& session, const TocEntry& entry, Sink& out) {
    Put(out, "\n" + MakeCopyStatement(ParseCopyStatement(entry.statement)) + ";\n");
    RowGuard guard(out, "object " + entry.object + " of table " + RelationName(entry.detail));
    session.ReadChecked(entry, guard);
    Put(out, "\\.\n");
}

// SQL objects are cut into statements, so that nothing but statements reaches psql.
void WriteSql(Session& session, const TocEntry& entry, const Selection& selection, Sink& out) {
    const bool sequences = entry.kind == ObjectKind::kSequences;
    SqlSplitter splitter("object " + entry.object, [&](std::string& statement) {
        if (sequences && !selection.WantsSequence(statement)) return;
        Put(out, statement);
        Put(out, ";\n");
    });
    Put(out, "\n");
    session.ReadChecked(entry, splitter);
    splitter.Finish();
}

} // namespace

void RowGuard::Write(Bytes bytes) {
    constexpr std::string_view kEnd = "\n\\.";
    const std::string_view text = AsText(bytes);
    const std::string seam = tail_ + std::string(text.substr(0, 2));
    if (seam.find(kEnd) != std::string::npos || text.find(kEnd) != std::string_view::npos) {
        throw Error(Errc::Damaged, what_ + " has a row that COPY would never write");
    }
    tail_ = text.size() >= 2 ? std::string(text.substr(text.size() - 2))
                             : seam.substr(seam.size() - std::min<size_t>(2, seam.size()));
    next_.Write(bytes);
}

void WriteScript(Session& session, const Selection& selection, const std::string& pg_restore,
                 Sink& out, Interrupt& interrupt) {
    const Manifest& manifest = session.manifest();
    Put(out, "-- Backup " + manifest.backup_id + " of database " +
                 Printable(QuoteIdentifier(manifest.database.name)) + ", as of " +
                 Rfc3339(manifest.snapshot_at) +
                 ", written by lifeboat export.\n"
                 "-- Restore with psql 13.22, 14.19, 15.14, 16.10, 17.6, 18 or later:\n"
                 "--   psql -X -v ON_ERROR_STOP=1 -d DATABASE -f FILE\n\n");
    PgRestoreToScript({pg_restore, &selection.archive(), selection.list(), {"--section=pre-data"}},
                      out, interrupt);

    Put(out, "\n" + std::string(kDataSettings));
    Put(out, "SET client_encoding = " + QuoteText(manifest.database.encoding) + ";\n");
    for (const auto& [name, value] : PinnedSettings(manifest)) {
        Put(out, "SELECT pg_catalog.set_config(" + QuoteText(name) + ", " + QuoteText(value) +
                     ", false);\n");
    }
    const auto write_all = [&](ObjectKind kind) {
        for (const auto* entry : selection.entries()) {
            if (entry->kind != kind) continue;
            if (kind == ObjectKind::kLargeObjects) {
                WriteSql(session, *entry, selection, out);
            } else {
                WriteRows(session, *entry, out);
            }
        }
    };
    for (const auto kind : {ObjectKind::kData, ObjectKind::kConfig, ObjectKind::kLargeObjects})
        write_all(kind);
    for (const auto& entry : session.toc()) {
        if (entry.kind == ObjectKind::kSequences) WriteSql(session, entry, selection, out);
    }
    Put(out, "\n");
    PgRestoreToScript({pg_restore, &selection.archive(), selection.list(), {"--section=post-data"}},
                      out, interrupt);
    Put(out, "\n-- lifeboat: export complete\n");
}

} // namespace lifeboat::cli
