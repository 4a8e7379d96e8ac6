#include "pg/run/child_environment.h"

#include <algorithm>
#include <iterator>

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "pg/run/run_interrupt.h"

namespace lifeboat::pg {
namespace {

struct Variable {
    std::string_view keyword;
    std::string_view name;
};

constexpr Variable kVariables[] = {
    {"host", "PGHOST"},
    {"hostaddr", "PGHOSTADDR"},
    {"port", "PGPORT"},
    {"user", "PGUSER"},
    {"password", "PGPASSWORD"},
    {"passfile", "PGPASSFILE"},
    {"channel_binding", "PGCHANNELBINDING"},
    {"service", "PGSERVICE"},
    {"options", "PGOPTIONS"},
    {"sslmode", "PGSSLMODE"},
    {"sslcompression", "PGSSLCOMPRESSION"},
    {"sslcert", "PGSSLCERT"},
    {"sslkey", "PGSSLKEY"},
    {"sslrootcert", "PGSSLROOTCERT"},
    {"sslcrl", "PGSSLCRL"},
    {"sslcrldir", "PGSSLCRLDIR"},
    {"sslsni", "PGSSLSNI"},
    {"requirepeer", "PGREQUIREPEER"},
    {"ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"},
    {"ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"},
    {"gssencmode", "PGGSSENCMODE"},
    {"krbsrvname", "PGKRBSRVNAME"},
    {"gsslib", "PGGSSLIB"},
    {"connect_timeout", "PGCONNECT_TIMEOUT"},
    {"target_session_attrs", "PGTARGETSESSIONATTRS"},
};

// A session whose client was killed ends within a second, whatever it waits for.
constexpr std::string_view kSessionOptions = "-c client_connection_check_interval=1000";

[[noreturn]] void Refuse(std::string detail) {
    // The value itself is not shown: it may hold a password.
    throw Error(
        Errc::InvalidValue, "invalid value of lifeboat.connection", std::move(detail),
        "Write keywords and values, for example: host=/var/run/postgresql port=5432 user=postgres");
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Reads one connection string from left to right.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    bool AtEnd() {
        SkipSpace();
        return rest_.empty();
    }

    std::string Keyword() {
        const size_t end = std::min(rest_.find_first_of("= \t\r\n"), rest_.size());
        std::string keyword(rest_.substr(0, end));
        rest_.remove_prefix(end);
        SkipSpace();
        if (rest_.empty() || rest_.front() != '=')
            Refuse("\"=\" is missing after \"" + Printable(keyword, 40) + "\".");
        rest_.remove_prefix(1);
        SkipSpace();
        return keyword;
    }

    std::string Value() {
        const bool quoted = !rest_.empty() && rest_.front() == '\'';
        if (quoted) rest_.remove_prefix(1);
        std::string value;
        for (;;) {
            if (rest_.empty()) {
                if (quoted) Refuse("A quoted value is not closed.");
                return value;
            }
            char c = rest_.front();
            rest_.remove_prefix(1);
            if (quoted ? c == '\'' : IsSpace(c)) return value;
            if (c == '\\' && !rest_.empty()) {
                c = rest_.front();
                rest_.remove_prefix(1);
            }
            value += c;
        }
    }

private:
    void SkipSpace() {
        while (!rest_.empty() && IsSpace(rest_.front())) rest_.remove_prefix(1);
    }
    std::string_view rest_;
};

} // namespace

std::map<std::string, std::string> ParseConnection(std::string_view connection) {
    if (connection.starts_with("postgresql://") || connection.starts_with("postgres://")) {
        Refuse("A URI is not accepted here.");
    }
    std::map<std::string, std::string> values;
    for (Reader reader(connection); !reader.AtEnd();) {
        std::string keyword = reader.Keyword();
        std::string value = reader.Value();
        if (keyword == "dbname")
            Refuse("The database is chosen by each backup: \"dbname\" must not be given.");
        values[std::move(keyword)] = std::move(value);
    }
    return values;
}

std::vector<std::string> ChildEnvironment(std::string_view connection, std::string_view database,
                                          std::string_view session_options) {
    std::map<std::string, std::string> values = ParseConnection(connection);
    std::string& options = values["options"];
    options += (options.empty() ? "" : " ") + std::string(kSessionOptions);
    if (!session_options.empty()) options += " " + std::string(session_options);
    std::vector<std::string> environment = {"LC_ALL=C", "PATH=/usr/bin:/bin",
                                            std::string("PGAPPNAME=") + kChildApplication,
                                            "PGDATABASE=" + std::string(database)};
    for (const auto& [keyword, value] : values) {
        const std::string& name = keyword; // clang 14 captures no structured binding
        const auto* found =
            std::find_if(std::begin(kVariables), std::end(kVariables),
                         [&name](const Variable& variable) { return variable.keyword == name; });
        if (found == std::end(kVariables))
            Refuse("The keyword \"" + Printable(keyword, 40) + "\" is not known.");
        environment.push_back(std::string(found->name) + "=" + value);
    }
    return environment;
}

std::string QuotedDatabase(std::string_view database) {
    std::string quoted = "dbname='";
    for (const char c : database) {
        if (c == '\'' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + "'";
}

} // namespace lifeboat::pg
